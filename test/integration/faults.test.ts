import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'
import type { FaultInput } from '../../src/simulator/control.ts'
import { POISON_KINDS, poisonElement } from '../../src/simulator/poison.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { type RunningProcess, runHfAudit, startHfAudit } from '../support/child-process.ts'
import { filesWith, journalRows } from '../support/data-directory.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { readTrail } from '../support/trail.ts'

/** Everything that the simulated Hub can do wrong, against the real program. */

const TOKEN = 'hf_NeverToBeSeenAnywhere0123456789'
const EVENTS = 300
type Line = Record<string, unknown>

const sums = ['published', 'alreadySeen', 'filtered', 'deadLettered', 'repeated'] as const

function assertBalanced(ledger: Line): void {
  assert.equal(
    ledger.fetched,
    sums.reduce((sum, name) => sum + Number(ledger[name]), 0),
    JSON.stringify(ledger),
  )
}

/** One process that polls every second, and what it says from some point on. */
async function pollingProcess(t: TestContext, hub: Simulator, environment: Record<string, string>) {
  const directory = environment.HF_AUDIT_DATA_DIR!
  const running = startHfAudit(['run'], {
    ...environment,
    HF_AUDIT_POLL_INTERVAL: '1s',
    HF_AUDIT_BLOCKED_RETRY: '1s',
  })
  t.after(() => running.kill('SIGKILL'))
  await running.logLine(line => line.msg === 'polled')
  let since = 0
  const later = (satisfies: (line: Line) => boolean): Promise<Line> => {
    let index = -1
    const from = since
    return running.logLine(line => {
      index = running.logLines().findIndex((other, i) => i >= from && satisfies(other))
      return index >= 0 && JSON.stringify(line) === JSON.stringify(running.logLines()[index])
    })
  }

  return {
    running,
    /** New events, then a fault that stays until the program has told of it: nothing of it may be published. */
    async fails(fault: FaultInput): Promise<Line> {
      since = running.logLines().length
      const rowsBefore = journalRows(directory)
      hub.fault(fault)
      const ids = hub.append({ events: 3 })
      const failure = await later(line => typeof line.retryInMs === 'number')
      const polledBefore = running
        .logLines()
        .slice(since)
        .filter(line => line.msg === 'polled')
      // A poll that had begun before the fault was set may have come to its end, and leaves its ledger entry.
      assert.ok(
        polledBefore.every(line => line.published === 0),
        'published beside a fault',
      )
      assert.equal(journalRows(directory), rowsBefore + polledBefore.length, 'a broken answer left something')
      hub.clearFaults()
      const mended = await later(line => line.msg === 'polled' && line.published !== 0)
      assert.equal(mended.published, ids.length)
      assertBalanced(mended)
      return failure
    },
    /** New events and a fault that must not keep them from being published. */
    async holds(fault: FaultInput): Promise<Line> {
      since = running.logLines().length
      hub.fault(fault)
      const ids = hub.append({ events: 3 })
      const polled = await later(line => line.msg === 'polled' && line.published !== 0)
      hub.clearFaults()
      assert.equal(polled.published, ids.length)
      assertBalanced(polled)
      return polled
    },
    async end(): Promise<void> {
      running.kill('SIGTERM')
      assert.equal(await running.ended, 0)
    },
  }
}

async function assertWholeAndSilent(
  environment: Record<string, string>,
  hub: Simulator,
  running: RunningProcess,
): Promise<void> {
  const trail = await readTrail(environment, organization)
  assert.equal(trail.problem, undefined)
  assert.deepEqual([...trail.eventIds].toSorted(), hub.exportedIds().toSorted())
  assert.equal(trail.records, trail.distinctIds)
  assert.ok(!running.stdout().includes(TOKEN) && !running.stderr().includes(TOKEN), 'the token was told')
  assert.deepEqual(filesWith(environment.HF_AUDIT_DATA_DIR!, TOKEN), [], 'the token was stored')
}

const wrongAnswers: readonly [fault: FaultInput, code: string, words: RegExp][] = [
  [{ kind: 'status', status: 400 }, 'HUB_REFUSED', /^blocked: .* 400/],
  [
    { kind: 'status', status: 401, message: `no ${TOKEN}` },
    'HUB_UNAUTHORIZED',
    /^blocked: .*put a valid one there/,
  ],
  [{ kind: 'status', status: 402 }, 'HUB_PAYMENT_REQUIRED', /^blocked: .*Team or Enterprise plan/],
  [{ kind: 'status', status: 403 }, 'HUB_FORBIDDEN', /^blocked: .*org\.auditLog\.write/],
  [{ kind: 'status', status: 404 }, 'HUB_NOT_FOUND', /^blocked: .*check HF_AUDIT_ORGANIZATIONS/],
  [{ kind: 'status', status: 408 }, 'HUB_UNAVAILABLE', /answered 408/],
  [{ kind: 'status', status: 429, retryAfter: 1 }, 'HUB_RATE_LIMITED', /Too many requests/],
  [{ kind: 'status', status: 500 }, 'HUB_UNAVAILABLE', /answered 500/],
  [{ kind: 'status', status: 502, html: true }, 'HUB_UNAVAILABLE', /answered 502 \(request id/],
  [{ kind: 'status', status: 503, retryAfter: 1 }, 'HUB_UNAVAILABLE', /answered 503/],
  [{ kind: 'rate-limit', quota: 0, windowSeconds: 2 }, 'HUB_RATE_LIMITED', /answered 429/],
  [{ kind: 'redirect', to: 'other-origin' }, 'HUB_REDIRECTED', /^blocked: .*localhost/],
  [{ kind: 'redirect', to: 'same-origin' }, 'HUB_REDIRECTED', /redirect/],
]

const wrongBodies: readonly [fault: FaultInput, code: string][] = [
  [{ kind: 'body', body: 'empty' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'body', body: 'null' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'body', body: 'object' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'body', body: 'not-json' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'body', body: 'html' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'body', body: 'text', text: '[] []' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'body', body: 'text', text: '[' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'reset', afterBytes: 0 }, 'HUB_UNAVAILABLE'],
  [{ kind: 'reset', afterBytes: 100_000 }, 'HUB_UNAVAILABLE'],
  [{ kind: 'truncate', afterBytes: 0, framing: 'chunked' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'truncate', afterBytes: 150_000, framing: 'chunked' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'truncate', afterBytes: 150_000, framing: 'content-length' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'truncate', afterBytes: 150_000, framing: 'content-length-too-long' }, 'HUB_BODY_BROKEN'],
  [{ kind: 'garbage', afterBytes: 150_000 }, 'HUB_BODY_BROKEN'],
  [{ kind: 'garbage', afterBytes: 1, mode: 'insert', hex: '7d' }, 'HUB_BODY_BROKEN'],
]

// The processes mostly wait: several tests at a time share the processor well.
suite('faults of the Hub', { concurrency: 4 }, () => {
  test('answers that are no export: nothing is published, the words say what to do, the next good poll publishes all', async t => {
    const { hub, environment: base } = await simulatedHub(t, {
      events: EVENTS,
      prepared: false,
      token: TOKEN,
    })
    const environment = { ...base, HF_TOKEN: TOKEN }
    const polling = await pollingProcess(t, hub, environment)
    for (const [fault, code, words] of wrongAnswers) {
      const failure = await polling.fails(fault)
      assert.equal(failure.code, code, JSON.stringify([fault, failure]))
      assert.match(String(failure.msg), words)
    }
    await polling.holds({ kind: 'redirect', to: 'same-origin', times: 1 })
    await polling.end()
    await assertWholeAndSilent(environment, hub, polling.running)
    // Beside the process's own name for itself, another origin never got a request with the token.
    assert.ok(hub.state().requests.latest.every(request => !String(request.host).startsWith('localhost')))
  })

  for (const gzip of [false, true]) {
    test(`bodies that break${gzip ? ', compressed' : ''}: nothing is published, the next good poll publishes all`, async t => {
      const { hub, environment: base } = await simulatedHub(t, { events: EVENTS, prepared: false, gzip })
      const environment = { ...base, HF_TOKEN: TOKEN }
      const polling = await pollingProcess(t, hub, environment)
      // What differs is only what happens within a stream, and that is a tenth as long.
      const faults = gzip
        ? wrongBodies.filter(([fault]) => 'afterBytes' in fault && fault.afterBytes > 1)
        : wrongBodies
      for (const [fault, code] of faults) {
        const shorter = gzip && 'afterBytes' in fault && fault.kind !== 'garbage'
        const failure = await polling.fails(
          shorter ? { ...fault, afterBytes: Math.floor(fault.afterBytes / 20) } : fault,
        )
        assert.equal(failure.code, code, JSON.stringify([fault, failure]))
      }
      await polling.holds({ kind: 'slow', bytesPerSecond: gzip ? 20_000 : 200_000, times: 1 })
      await polling.holds({ kind: 'stall', at: 'before-headers', forMs: 500, times: 1 })
      await polling.holds({ kind: 'stall', at: 5_000, forMs: 500, times: 1 })
      await polling.holds({ kind: 'format', byteOrderMark: true, whiteSpace: true, times: 1 })
      await polling.end()
      await assertWholeAndSilent(environment, hub, polling.running)
    })
  }

  test('poison: every kind is a dead letter with its exact bytes, once, and the events around it are published', async t => {
    const { hub, environment } = await simulatedHub(t, { events: EVENTS, prepared: false })
    hub.fault({ kind: 'poison' })
    const first = await pollOnce(environment)
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual([first.ledger?.published, first.ledger?.deadLettered], [EVENTS, POISON_KINDS.length])
    const second = await pollOnce(environment)
    assert.deepEqual(
      [second.ledger?.published, second.ledger?.deadLettered, second.ledger?.alreadySeen],
      [0, 0, EVENTS + POISON_KINDS.length],
    )
    const { stdout, code } = await runHfAudit(
      ['tail', '--stream', 'dead-letters', '--from-beginning', '--no-follow', '--json'],
      environment,
    )
    assert.equal(code, 0)
    const letters = stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as { bytes: string; sha256: string; length: number; reason: string })
    assert.equal(letters.length, POISON_KINDS.length)
    for (const kind of POISON_KINDS) {
      const element = poisonElement(kind)
      const sha256 = createHash('sha256').update(element).digest('hex')
      const letter = letters.find(other => other.sha256 === sha256)
      assert.ok(letter !== undefined, `${kind} is not among the dead letters`)
      assert.equal(letter.length, element.length)
      assert.ok(Buffer.from(letter.bytes, 'base64').equals(element.subarray(0, 512 * 1024)), kind)
    }
    const trail = await readTrail(environment, organization)
    assert.deepEqual([trail.problem, trail.records], [undefined, EVENTS])
  })

  test('content that changes under our eyes: told once each, and never published again', async t => {
    const { hub, environment: base } = await simulatedHub(t, { events: EVENTS, prepared: false })
    const environment = { ...base, HF_AUDIT_POLL_INTERVAL: '1s' }
    const poll = async (
      ...faults: FaultInput[]
    ): Promise<[published: unknown, repeated: unknown, findings: Line[]]> => {
      hub.clearFaults()
      for (const fault of faults) hub.fault(fault)
      const { code, ledger, stderr } = await pollOnce(environment)
      assert.equal(code, 0, stderr)
      assertBalanced(ledger!)
      const findings = stderr
        .split('\n')
        .filter(line => line.includes('"finding":'))
        .map(line => JSON.parse(line) as Line)
      return [ledger?.published, ledger?.repeated, findings]
    }
    const kinds = (findings: Line[]): unknown[] => findings.map(({ finding, count }) => `${finding} ${count}`)

    const [published, repeated, none] = await poll({ kind: 'duplicate', events: 4 })
    assert.deepEqual([published, repeated, none], [EVENTS, 4, []])

    const rewritten = await poll({
      kind: 'rewrite',
      fields: ['author.deleted', 'author.user', 'author.avatarUrl', 'token.deleted'],
    })
    assert.deepEqual(rewritten, [0, 0, []], 'what the Hub rewrites is no change')

    const [, , changed] = await poll({ kind: 'change', events: 5 })
    assert.deepEqual(kinds(changed), ['CHANGED 5'])
    const again = await poll({ kind: 'change', events: 5 })
    assert.deepEqual(again, [0, 0, []], 'told once')

    const lagging = await poll({ kind: 'lag', events: 20 }, { kind: 'change', events: 5 })
    assert.equal(lagging[0], 0)
    assert.ok(!kinds(lagging[2]).some(kind => String(kind).startsWith('VANISHED')), 'a replica that lags')

    // Three empty arrays in a row are no lagging replica any more.
    assert.deepEqual(await poll({ kind: 'body', body: 'empty-array' }), [0, 0, []])
    assert.deepEqual(await poll({ kind: 'body', body: 'empty-array' }), [0, 0, []])
    const [, , vanished] = await poll({ kind: 'body', body: 'empty-array' })
    assert.deepEqual(kinds(vanished), [`VANISHED ${EVENTS}`])
    const back = await poll()
    assert.equal(back[0], 0, 'ids that vanished stay seen')

    const trail = await readTrail(environment, organization)
    assert.deepEqual([trail.problem, trail.records, trail.distinctEventIds], [undefined, EVENTS, EVENTS])
  })

  const exits: readonly [fault: FaultInput, code: number][] = [
    [{ kind: 'status', status: 401 }, 3],
    [{ kind: 'status', status: 503 }, 6],
    [{ kind: 'status', status: 429, retryAfter: 60 }, 6],
    [{ kind: 'body', body: 'html' }, 6],
    [{ kind: 'stall', at: 'before-headers' }, 6],
    [{ kind: 'stall', at: 50_000 }, 6],
  ]
  for (const [fault, code] of exits) {
    test(`run --once ends with ${code} after ${JSON.stringify(fault)}, with nothing published`, async t => {
      const { hub, environment } = await simulatedHub(t, { events: EVENTS, prepared: false })
      hub.fault(fault)
      const once = await pollOnce(environment, '--timeout', code === 3 ? '1m' : '2s')
      assert.equal(once.code, code, once.stderr)
      assert.equal(once.ledger, undefined)
      assert.match(once.stderr, /"level":"(warn|error)"/)
      hub.clearFaults()
      assert.equal((await pollOnce(environment)).ledger?.published, EVENTS)
    })
  }

  test('organizations that share a token wait for its rate limit together, and none is blocked', async t => {
    const names = [organization, 'other-example']
    const { hub, environment: base } = await simulatedHub(t, {
      events: 50,
      organizations: names,
      prepared: false,
    })
    const environment = { ...base, HF_AUDIT_ORGANIZATIONS: names.join(',') }
    hub.fault({ kind: 'status', status: 429, retryAfter: 3, organization, times: 1 })
    const running = startHfAudit(['run'], { ...environment, HF_AUDIT_POLL_INTERVAL: '1s' })
    t.after(() => running.kill('SIGKILL'))
    const limited = await running.logLine(line => line.code === 'HUB_RATE_LIMITED')
    await until('both', () =>
      names.every(name =>
        running
          .logLines()
          .some(
            line =>
              line.msg === 'polled' &&
              line.organization === name &&
              String(line.startedAt) > String(limited.time),
          ),
      ),
    )
    const requests = hub.state().requests.latest.filter(({ path }) => path.includes('/audit-log/'))
    const refused = requests.find(({ status }) => status === 429)!
    const waited = requests.filter(({ atMs }) => atMs > refused.atMs && atMs < refused.atMs + 2_900)
    assert.ok(
      waited.length <= 1,
      'only what was under way when the 429 came may go before the three seconds are over',
    )
    running.kill('SIGTERM')
    assert.equal(await running.ended, 0)
  })
})
