import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../src/errors.ts'
import { createForwarder, type Forwarder } from '../src/forwarder.ts'
import type { Logger } from '../src/log.ts'
import type { DeliveryResult, JournalEntry, LogSink } from '../src/ports.ts'
import { eventEntries, eventEntry, finding } from './otlp/support/entries.ts'
import { MemorySource } from './otlp/support/memory-source.ts'

type Endpoint = (sequences: readonly number[]) => DeliveryResult

const ok: DeliveryResult = { kind: 'accepted', rejected: 0, message: '' }
const refused: DeliveryResult = { kind: 'refused', status: 400, message: 'not like that' }

const sequenceOf = (entry: JournalEntry) => (entry.stream === 'events' ? entry.record.sequence : -1)

interface Setup {
  readonly source: MemorySource
  readonly forwarder: Forwarder
  /** Sequences of what the endpoint accepted, in order. */
  readonly delivered: number[]
  readonly requests: number[][]
  readonly waits: number[]
  readonly lines: { level: string; message: string; fields: object }[]
}

function setup(
  entries: JournalEntry[],
  endpoint: Endpoint,
  onWait: (waits: number) => void = () => {},
): Setup {
  const source = new MemorySource(entries)
  const [delivered, waits]: [number[], number[]] = [[], []]
  const requests: number[][] = []
  const lines: Setup['lines'] = []
  let nowMs = 0
  const sink: LogSink = {
    destination: 'http://collector.example/v1/logs',
    async deliver(handed) {
      const sequences = handed.map(sequenceOf)
      requests.push(sequences)
      const result = endpoint(sequences)
      if (result.kind === 'accepted') delivered.push(...sequences)
      return result
    },
    async close() {},
  }
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields })
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const forwarder = createForwarder({
    source,
    sink,
    log,
    endpoint: 'https://hub.example',
    now: () => nowMs,
    random: () => 0.5,
    async sleep(ms, signal) {
      nowMs += ms
      // The look for the backlog is no wait of the delivery.
      if (ms !== 100) {
        waits.push(ms)
        onWait(waits.length)
      }
      await new Promise(resolve => setImmediate(resolve))
      if (signal.aborted) throw new ConnectorError('STOPPED', 'stopped')
    },
  })
  return { source, forwarder, delivered, requests, waits, lines }
}

/** Runs until the backlog is empty. */
async function drain({ forwarder }: Setup): Promise<void> {
  const stop = new AbortController()
  const running = forwarder.run(stop.signal)
  await Promise.race([forwarder.drained(AbortSignal.timeout(20_000)), running])
  stop.abort()
  await running
}

/** Runs until the delivery waited so often, then stops. */
async function runUntilWaits(entries: JournalEntry[], waits: number, endpoint: Endpoint): Promise<Setup> {
  const stop = new AbortController()
  const parts = setup(entries, endpoint, count => {
    if (count >= waits) stop.abort()
  })
  await parts.forwarder.run(stop.signal)
  return parts
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Refuses every request that holds one of these. */
const refusing =
  (poison: ReadonlySet<number>): Endpoint =>
  sequences =>
    sequences.some(sequence => poison.has(sequence)) ? refused : ok

test('everything is delivered once, in order', async () => {
  const parts = setup(eventEntries(2_500), () => ok)
  await drain(parts)
  assert.deepEqual(parts.delivered, numbers(2_500))
  const state = await parts.forwarder.state()
  assert.deepEqual(state, {
    delivered: 2_500,
    rejected: 0,
    deadLettered: 0,
    backlog: 0,
    blocked: undefined,
    unavailable: undefined,
    stalled: undefined,
    lastError: undefined,
  })
})

test('of any refused records exactly those are dead-lettered, once, and all others delivered, where any is accepted', async () => {
  const [run, place] = [fc.integer({ min: 1, max: 119 }), fc.integer({ min: 1, max: 120 })]
  const poisons = fc.oneof(
    fc.uniqueArray(place, { maxLength: 119 }),
    // Side by side, as large events of one kind are.
    fc.tuple(run, place).map(([length, first]) => numbers(length).map(n => ((first + n) % 120) + 1)),
  )
  await fc.assert(
    fc.asyncProperty(poisons, fc.constantFrom(400, 413, 422), async (list, status) => {
      const poison = new Set(list)
      const parts = setup(eventEntries(120), sequences =>
        sequences.some(sequence => poison.has(sequence))
          ? { ...refused, kind: 'refused', status, message: 'no' }
          : ok,
      )
      await drain(parts)
      const good = numbers(120).filter(sequence => !poison.has(sequence))
      // After ten refusals in a row one may be sent again, to see how the endpoint is.
      assert.deepEqual(
        [...new Set(parts.delivered)].toSorted((a, b) => a - b),
        good,
      )
      const lettered = parts.source.deadLetters.map(letter => JSON.parse(letter.bytes.toString())._id)
      assert.deepEqual(
        lettered.toSorted(),
        list.map(sequence => sequence.toString(16).padStart(24, '0')).toSorted(),
      )
      assert.equal((await parts.forwarder.state()).deadLettered, list.length)
    }),
    { numRuns: 60 },
  )
})

test('a hand-over of bad records only, behind a good one: the good one shows that it is not the endpoint', async () => {
  const parts = setup(eventEntries(1), refusing(new Set(numbers(31).slice(1))))
  const stop = new AbortController()
  const running = parts.forwarder.run(stop.signal)
  await parts.forwarder.drained(AbortSignal.timeout(20_000))
  parts.source.entries.push(...eventEntries(31).slice(1))
  await parts.forwarder.drained(AbortSignal.timeout(20_000))
  stop.abort()
  await running
  assert.equal(parts.source.deadLetters.length, 30)
  assert.deepEqual([...new Set(parts.delivered)], [1])
  assert.ok(parts.delivered.length <= 5, `sent ${parts.delivered.length} times`)
  assert.equal((await parts.forwarder.state()).delivered, 1)
})

test('one poison record among 500 is found in few requests, and an empty one asks first', async () => {
  const parts = setup(eventEntries(500), refusing(new Set([321])))
  await drain(parts)
  assert.equal(parts.delivered.length, 499)
  assert.equal(parts.requests.filter(request => request.length === 0).length, 1)
  assert.ok(parts.requests.length < 25, `${parts.requests.length} requests`)
  assert.deepEqual(parts.waits, [])
  const [letter] = parts.source.deadLetters
  const rawLog = Buffer.from((parts.source.entries[320]!.record as { rawLog: string }).rawLog)
  assert.deepEqual(letter, {
    organization: 'acme',
    endpoint: 'https://hub.example',
    receivedAt: 1_786_958_200_000,
    destination: 'OTLP',
    reason: 'otlp_400',
    detail: 'not like that',
    length: rawLog.length,
    sha256: createHash('sha256').update(rawLog).digest(),
    bytes: rawLog,
  })
})

test('400 for everything, even for nothing: blocked, nothing dead-lettered, one line, growing waits up to a minute', async () => {
  const parts = await runUntilWaits(eventEntries(64), 12, () => refused)
  assert.deepEqual(parts.source.deadLetters, [])
  assert.equal(parts.source.cursor, 0)
  assert.deepEqual(parts.waits, [750, 1_500, 3_000, 6_000, 12_000, 24_000, ...Array(6).fill(45_000)])
  assert.deepEqual(
    parts.lines.map(line => line.level),
    ['error'],
  )
  assert.match(parts.lines[0]!.message, /blocked: even an empty request is refused \(400: not like that\)/)
  assert.match((await parts.forwarder.state()).blocked ?? '', /even an empty request/)
})

test('400 for every record though not for nothing: blocked after ten, nothing dead-lettered', async () => {
  const parts = await runUntilWaits(eventEntries(64), 5, sequences => (sequences.length === 0 ? ok : refused))
  assert.deepEqual(parts.source.deadLetters, [])
  assert.equal(parts.requests.filter(request => request.length === 0).length, 10)
  assert.deepEqual(
    parts.lines.map(line => line.level),
    ['error'],
  )
  assert.match((await parts.forwarder.state()).blocked ?? '', /10 records in a row were refused/)
})

test('the same with one record a hand-over: the tenth is not skipped', async () => {
  const parts = setup([], sequences => (sequences.length === 0 ? ok : refused))
  const stop = new AbortController()
  const running = parts.forwarder.run(stop.signal)
  for (const entry of eventEntries(12)) {
    parts.source.entries.push(entry)
    const before = parts.source.cursor
    for (let i = 0; i < 50 && parts.source.cursor === before; i++)
      await new Promise(resolve => setTimeout(resolve, 1))
  }
  stop.abort()
  await running.catch(() => {})
  assert.equal(parts.source.deadLetters.length, 9)
  assert.equal(parts.source.cursor, 9)
})

test('when the endpoint recovers from refusing all, only what it still refuses is dead-lettered', async () => {
  let healthy = false
  const parts = setup(
    eventEntries(40),
    sequences => (healthy ? refusing(new Set([1, 17]))(sequences) : sequences.length === 0 ? ok : refused),
    waits => {
      healthy = waits >= 4
    },
  )
  await drain(parts)
  assert.deepEqual(
    parts.delivered.toSorted((a, b) => a - b),
    numbers(40).filter(n => n !== 1 && n !== 17),
  )
  assert.equal(parts.source.deadLetters.length, 2)
  assert.deepEqual(
    parts.lines.filter(line => line.level !== 'warn').map(line => line.level),
    ['error', 'info'],
  )
})

test('an outage is waited out: one line when it begins, one when it ends', async () => {
  let tries = 0
  const parts = setup(eventEntries(10), () =>
    ++tries <= 9
      ? { kind: 'unavailable', retryAfterMs: tries === 2 ? 30_000 : undefined, message: 'down' }
      : ok,
  )
  await drain(parts)
  assert.deepEqual(parts.waits, [500, 30_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.deepEqual(parts.delivered, numbers(10))
  assert.deepEqual(
    parts.lines.map(line => line.level),
    ['warn', 'info'],
  )
})

test('401 blocks with the words to mend it, and a new cause is told anew', async () => {
  const answers: DeliveryResult[] = [401, 401, 403].map(status => ({
    kind: 'blocked',
    status,
    message: `check ${status}`,
  }))
  const parts = setup(eventEntries(1), () => answers.shift() ?? ok)
  await drain(parts)
  assert.deepEqual(
    parts.lines.map(({ level, message }) => [level, /check \d+/.exec(message)?.[0]]),
    [
      ['error', 'check 401'],
      ['error', 'check 403'],
      ['info', undefined],
    ],
  )
})

test('a partial success is counted and told, not sent again', async () => {
  const parts = setup(eventEntries(5), () => ({ kind: 'accepted', rejected: 2, message: 'too old' }))
  await drain(parts)
  assert.equal(parts.requests.length, 1)
  const { delivered, rejected, lastError } = await parts.forwarder.state()
  assert.deepEqual({ delivered, rejected }, { delivered: 3, rejected: 2 })
  assert.match(lastError?.message ?? '', /2 of 5 records were rejected: too old/)
  assert.deepEqual(
    parts.lines.map(({ level, fields }) => [level, fields]),
    [['warn', { destination: 'http://collector.example/v1/logs', rejected: 2, accepted: 3 }]],
  )
})

test('a smaller size that was learned from 413 is kept for the next requests', async () => {
  const parts = setup(eventEntries(1_000), sequences =>
    sequences.length > 100 ? { kind: 'refused', status: 413, message: 'too large' } : ok,
  )
  await drain(parts)
  assert.deepEqual(parts.delivered, numbers(1_000))
  assert.ok(parts.requests.filter(request => request.length > 100).length <= 8)
})

test('a failure of our own making neither loses records nor goes unseen', async () => {
  let tries = 0
  const parts = setup(eventEntries(3), () => {
    if (++tries < 3) throw new TypeError('a mistake of ours')
    return ok
  })
  await drain(parts)
  assert.deepEqual(parts.delivered, [1, 2, 3])
  assert.match(parts.lines[0]!.message, /a mistake of ours/)
})

test('the dead letter is stored before the cursor moves, tried again while the journal is away', async () => {
  const parts = setup(eventEntries(3), refusing(new Set([2])))
  const away = () => new ConnectorError('JOURNAL_UNAVAILABLE', 'away', { retryable: true })
  parts.source.storeFailures = [away(), away()]
  await drain(parts)
  assert.equal(parts.source.deadLetters.length, 1)
  assert.deepEqual(parts.delivered, [1, 3])
})

test('an abort ends a wait at once, and the cursor stays', async () => {
  const stop = new AbortController()
  const source = new MemorySource(eventEntries(3))
  const forwarder = createForwarder({
    source,
    sink: {
      destination: 'd',
      deliver: async () => ({ kind: 'unavailable', retryAfterMs: 3_600_000, message: 'down' }),
      close: async () => {},
    },
    log: { debug() {}, info() {}, warn: () => void setImmediate(() => stop.abort()), error() {} },
    now: Date.now,
    random: Math.random,
  })
  await forwarder.run(stop.signal)
  assert.equal(source.cursor, 0)
})

test('drained says what is left, why, and what to do', async () => {
  const parts = setup(eventEntries(7), () => ({ kind: 'blocked', status: 401, message: 'check the headers' }))
  const stop = new AbortController()
  const running = parts.forwarder.run(stop.signal)
  await assert.rejects(parts.forwarder.drained(AbortSignal.timeout(50)), (error: ConnectorError) => {
    assert.equal(error.code, 'OTLP_NOT_DRAINED')
    assert.match(error.message, /^7 records still wait .*collector\.example.*\(check the headers\)/)
    return true
  })
  stop.abort()
  await running
})

test('drained throws what the source failed with, rather than wait for ever', async () => {
  const parts = setup(eventEntries(1), () => ok)
  parts.source.run = async () => {
    throw new ConnectorError('JOURNAL_MISMATCH', 'not ours')
  }
  await assert.rejects(parts.forwarder.run(new AbortController().signal), { code: 'JOURNAL_MISMATCH' })
  await assert.rejects(parts.forwarder.drained(AbortSignal.timeout(5_000)), { code: 'JOURNAL_MISMATCH' })
})

test('a refused event without its bytes keeps their length and hash; a refused finding is kept as JSON', async () => {
  const sha256 = createHash('sha256').update('the whole element').digest()
  const tags = { rawLogBytes: '2000000', rawLogSHA256: sha256.toString('hex') }
  const found: JournalEntry = { stream: 'findings', organization: 'acme', position: 'row 3', record: finding }
  const entries = [
    eventEntry(1, { rawLog: '', tags }),
    eventEntry(2, { rawLog: 'é'.repeat(400_000) }),
    found,
    eventEntry(4),
  ]
  const parts = setup(entries, refusing(new Set([1, 2, -1])))
  await drain(parts)
  const [without, large, json] = parts.source.deadLetters
  assert.deepEqual([without!.length, without!.bytes.length], [2_000_000, 0])
  assert.deepEqual(without!.sha256, sha256)
  assert.deepEqual([large!.length, large!.bytes.length], [800_000, 512 * 1024])
  assert.deepEqual(JSON.parse(json!.bytes.toString()), finding)
  assert.deepEqual([json!.endpoint, json!.receivedAt], [finding.endpoint, finding.foundAt])
})

test('a value that something else wrote is a dead letter; a journal that gives nothing is told until it does', async () => {
  const parts = setup(eventEntries(3), () => ok)
  const run = parts.source.run.bind(parts.source)
  const stalled: (string | undefined)[] = []
  parts.source.run = async (deliver, options, signal) => {
    options.onTrouble?.('the value at events[0]@7 cannot be read')
    stalled.push((await parts.forwarder.state()).stalled)
    options.onTrouble?.(undefined)
    stalled.push((await parts.forwarder.state()).stalled)
    const foreign = { organization: 'acme', position: 'events[0]@8', timestampMs: 5, reason: 'garbage' }
    await options.onForeign?.({ ...foreign, value: Buffer.from('not Avro') }, signal)
    await run(deliver, options, signal)
  }
  parts.source.storeFailures = [new ConnectorError('JOURNAL_UNAVAILABLE', 'busy', { retryable: true })]
  await drain(parts)
  assert.deepEqual(stalled, ['the value at events[0]@7 cannot be read', undefined])
  assert.deepEqual(parts.delivered, [1, 2, 3])
  const [letter] = parts.source.deadLetters
  assert.deepEqual(
    [letter!.organization, letter!.reason, letter!.destination, letter!.receivedAt, String(letter!.bytes)],
    ['acme', 'foreign', 'OTLP', 5, 'not Avro'],
  )
  const { deadLettered, lastError } = await parts.forwarder.state()
  assert.equal(deadLettered, 1)
  assert.match(lastError!.message, /events\[0\]@8 holds a value that is not the connector's: garbage/)
  assert.ok(
    parts.lines.some(({ level, message }) => level === 'error' && /something else writes/.test(message)),
  )
})
