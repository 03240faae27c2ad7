import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ConnectorError } from '../src/errors.ts'
import type { Organization } from '../src/event/organization.ts'
import { pollOwned } from '../src/owned-polling.ts'
import type { PollOutcome } from '../src/poller.ts'
import { createRoster } from '../src/roster.ts'

const outcome = { ledger: {}, findings: [] } as unknown as PollOutcome
const named = (name: string): Organization => ({ name, identity: name, endpoint: 'http://127.0.0.1:1' })
const [alpha, beta] = [named('alpha'), named('beta')]
/** Only what is asked for at once happens within a test. */
const settings = { pollIntervalMs: 3_600_000, blockedRetryMs: 3_600_000 }

/** Polls that wait until they are let go. */
function deployment(organizations: readonly Organization[]) {
  const stop = new AbortController()
  const roster = createRoster(organizations)
  const begun: string[] = []
  const ended: string[] = []
  const open = new Map<string, { resolve(): void; reject(error: Error): void }>()
  const journal = {
    async *ownership(signal: AbortSignal) {
      yield new Set(roster.organizations.map(({ identity }) => identity))
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    },
  }
  const polling = {
    poller: {
      async poll(organization: Organization, signal: AbortSignal) {
        begun.push(organization.name)
        await new Promise<void>((resolve, reject) => {
          open.set(organization.name, { resolve, reject })
          signal.addEventListener('abort', () => reject(new ConnectorError('STOPPED', 'cut off')))
        })
        ended.push(organization.name)
        return outcome
      },
    },
    now: () => 0,
    random: () => 0,
    onPolled() {},
    onFailed() {},
  }
  const running = pollOwned(settings, roster, journal, polling, stop.signal)
  return { roster, begun, ended, open, stop, running }
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'in vain')
    await turn()
  }
}

test('what is added is polled, what is removed ends after the poll under way, what stays is left alone', async () => {
  const { roster, begun, ended, open, stop, running } = deployment([alpha])
  await until(() => open.has('alpha'))
  roster.replace([named('alpha'), beta])
  await until(() => open.has('beta'))
  assert.deepEqual(begun, ['alpha', 'beta'])

  roster.replace([beta])
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(ended.length, 0, 'the poll under way was cut off')
  open.get('alpha')!.resolve()
  await until(() => ended.includes('alpha'))
  stop.abort()
  await running
  assert.deepEqual(begun, ['alpha', 'beta'], 'it was polled again')
})

test('what comes back while its last poll goes on is polled after that', async () => {
  const { roster, begun, ended, open, stop, running } = deployment([alpha])
  await until(() => open.has('alpha'))
  roster.replace([])
  roster.replace([named('alpha')])
  const first = open.get('alpha')!
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.deepEqual(begun, ['alpha'], 'two polls of one organization side by side')
  first.resolve()
  await until(() => begun.length === 2 && ended.length === 1)
  stop.abort()
  await running
})

test('what waits after a failure is tried at once', async () => {
  const { roster, begun, open, stop, running } = deployment([alpha, beta])
  await until(() => open.size === 2)
  open.get('alpha')!.reject(new ConnectorError('HUB_FORBIDDEN', 'no'))
  open.get('beta')!.resolve()
  for (let turns = 0; turns < 20; turns++) await turn()
  roster.replace([named('alpha'), named('beta')])
  await until(() => begun.length === 3)
  assert.deepEqual(begun, ['alpha', 'beta', 'alpha'])
  stop.abort()
  await running
})
