import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeHub } from '../../src/check/hub.ts'
import { ConnectorError } from '../../src/errors.ts'
import { type ClockOffset, clockOffset, type HubFacts } from '../../src/hub/preflight.ts'
import type { WhoAmI } from '../../src/hub/whoami.ts'

const NOW_MS = Date.UTC(2026, 10, 21)
const organization = { name: 'acme', identity: 'acme', endpoint: 'https://hub.example' }
type Org = NonNullable<WhoAmI['orgs']>[number]
type Auth = NonNullable<WhoAmI['auth']>

function whoAmI(auth: Partial<Auth>, org: Partial<Org> = {}): WhoAmI {
  return {
    type: 'user',
    id: '1',
    name: 'auditor',
    auth: { type: 'access_token', ...auth },
    orgs: [{ id: 'f00', name: 'Acme', plan: 'enterprise', roleInOrg: 'admin', ...org }],
  }
}

const scoped = (permissions: string[], entity = { _id: 'f00', type: 'org' }): Partial<Auth> => ({
  accessToken: {
    displayName: 'audit',
    role: 'fineGrained',
    fineGrained: { scoped: [{ entity, permissions }] },
  },
})
const refused = { ok: false, error: new ConnectorError('HUB_FORBIDDEN', 'answered 403') } as const
const works = { ok: true, value: { isEmpty: false, bytes: 1, waitedMs: 1 } } as const

function judge(who: WhoAmI, exported: HubFacts['exported'], clock?: ClockOffset) {
  const facts: HubFacts = {
    organization,
    tokenSource: { ok: true, value: 'HF_TOKEN' },
    whoAmI: { ok: true, value: who },
    exported,
  }
  return judgeHub({ facts: [facts], clock }, NOW_MS)
}

/** Status by subject, without `of acme`. */
function judged(who: WhoAmI, exported: HubFacts['exported'], clock?: ClockOffset): Record<string, string> {
  const results = judge(who, exported, clock)
  for (const { status, mend, subject } of results)
    if (status === 'failed') assert.ok(mend, `${subject} has no mend`)
  return Object.fromEntries(results.map(({ subject, status }) => [subject.split(' ')[0]!, status]))
}

test('a fine-grained token: the permission counts where it is for this organization, by name or by id', () => {
  const of = (auth: Partial<Auth>) => judged(whoAmI(auth), refused).permission
  assert.equal(of(scoped(['org.read', 'org.auditLog.write'])), 'ok')
  assert.equal(of(scoped(['org.auditLog.write'], { _id: 'other', type: 'org', name: 'ACME' } as never)), 'ok')
  assert.equal(of(scoped(['org.auditLog.write'], { _id: 'other', type: 'org' })), 'failed')
  assert.equal(of(scoped(['org.auditLog.write'], { _id: 'f00', type: 'model' })), 'failed')
  assert.equal(of(scoped([])), 'failed')
})

test('what the export itself answers goes before what whoami-v2 tells', () => {
  const doubtful = whoAmI(scoped([]), { roleInOrg: 'read' })
  assert.deepEqual(
    { ...judged(doubtful, works) },
    { token: 'ok', permission: 'warning', organization: 'ok', export: 'ok', clock: 'skipped' },
  )
  const { permission, organization: org, export: exported } = judged(doubtful, refused)
  assert.deepEqual([permission, org, exported], ['failed', 'failed', 'failed'])
})

test('other kinds of token', () => {
  const role = (kind: string) =>
    judged(whoAmI({ accessToken: { displayName: 'x', role: kind } }), refused).permission
  assert.equal(role('write'), 'warning')
  assert.equal(role('god'), 'warning')
  assert.equal(role('read'), 'failed')
  assert.equal(role('of tomorrow'), 'skipped')
  assert.equal(judged(whoAmI({ type: 'app_token' }), refused).permission, 'skipped')
})

test('the end of its validity: past, near, far, untold', () => {
  const ending = (days: number | undefined) =>
    whoAmI(days === undefined ? {} : { expiresAt: new Date(NOW_MS + days * 86_400_000).toISOString() })
  const until = (days: number | undefined) => judged(ending(days), works).token
  assert.deepEqual([until(-1), until(3), until(90), until(undefined)], ['failed', 'warning', 'ok', 'ok'])
  const words = (days: number) =>
    judge(ending(days), works).find(({ subject }) => subject.startsWith('token'))!.message
  assert.match(words(3), /; expires in 3 days, /)
  assert.match(words(1), /; expires in 1 day, /)
  assert.match(words(0.5), /; expires in less than a day, /)
})

test('every restriction that the Hub names, and one that is new', () => {
  for (const restriction of ['mfa', 'token-policy', 'token-revoked', 'sso', 'ip', 'moon-phase'])
    assert.equal(
      judged(whoAmI(scoped(['org.auditLog.write']), { securityRestrictions: [restriction] }), refused)
        .organization,
      'failed',
    )
})

test('the clock: Date has seconds and answers take time, so only what is certain counts', () => {
  const of = (sentMs: number, receivedMs: number, hubMs: number) =>
    judged(whoAmI({}), works, clockOffset(sentMs, receivedMs, new Date(hubMs).toUTCString())).clock
  assert.equal(of(NOW_MS, NOW_MS + 100, NOW_MS), 'ok')
  assert.equal(of(NOW_MS, NOW_MS + 60_000, NOW_MS + 30_000), 'ok', 'a slow answer is no wrong clock')
  assert.equal(of(NOW_MS, NOW_MS + 100, NOW_MS - 30_000), 'warning')
  assert.equal(of(NOW_MS, NOW_MS + 100, NOW_MS + 30_000), 'warning')
  assert.equal(of(NOW_MS, NOW_MS + 100, NOW_MS + 3_600_000), 'failed')
  assert.equal(clockOffset(1, 2, 'yesterday'), undefined)
})
