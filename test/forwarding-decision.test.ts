import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decide,
  type EndpointMemory,
  freshMemory,
  MAX_REQUEST_BYTES,
  type Work,
  withNextRequest,
  workOf,
} from '../src/forwarding-decision.ts'
import type { DeliveryResult } from '../src/ports.ts'

const accepted: DeliveryResult = { kind: 'accepted', rejected: 0, message: '' }
const refused = (status: number): DeliveryResult => ({ kind: 'refused', status, message: 'no' })
const unavailable = (retryAfterMs?: number): DeliveryResult => ({
  kind: 'unavailable',
  retryAfterMs,
  message: 'down',
})
const blocked: DeliveryResult = { kind: 'blocked', status: 401, message: 'who?' }

const refusal = (index: number) => ({ index, status: 400, message: 'no' })
const work = (changes: Partial<Work>): Work => ({ ...workOf(0), ...changes })
const memory = (changes: Partial<EndpointMemory>): EndpointMemory => ({ ...freshMemory, ...changes })
const now = { nowMs: 1_000, random: 0.5, requestBytes: 1_000_000 }

const whole = [{ from: 0, to: 8 }]
const single = [
  { from: 3, to: 4 },
  { from: 4, to: 8 },
]

const largerFirst = [
  { from: 4, to: 8 },
  { from: 3, to: 4 },
]

interface Row {
  readonly when: string
  readonly work: Work
  readonly memory?: Partial<EndpointMemory>
  readonly answer: DeliveryResult
  readonly outcome: Partial<ReturnType<typeof decide>> & { readonly remembers?: Partial<EndpointMemory> }
}

const rows: Row[] = [
  {
    when: 'records are accepted: they are done, and trouble is over',
    work: work({ queue: single }),
    memory: { waits: 4, refusedInARow: 9, trouble: { kind: 'blocked', message: 'm', cause: 'c' } },
    answer: accepted,
    outcome: {
      work: work({ queue: [{ from: 4, to: 8 }], probe: 3 }),
      accepted: 1,
      waitMs: 0,
      remembers: { waits: 0, refusedInARow: 0, trouble: undefined },
    },
  },
  {
    when: 'some of the accepted are rejected: counted, not sent again',
    work: work({ queue: whole }),
    answer: { kind: 'accepted', rejected: 3, message: 'old' },
    outcome: { work: workOf(0), accepted: 8, rejected: 3, deadLetters: [] },
  },
  {
    when: 'records are accepted after suspects: those are at fault',
    work: work({ queue: single, suspects: [refusal(1), refusal(2)] }),
    memory: { refusedInARow: 2 },
    answer: accepted,
    outcome: { work: work({ queue: [{ from: 4, to: 8 }], probe: 3 }), deadLetters: [refusal(1), refusal(2)] },
  },
  ...[400, 413, 422].map(status => ({
    when: `several records are refused with ${status}: halved, at once`,
    work: work({ queue: [{ from: 0, to: 5 }] }),
    answer: refused(status),
    outcome: {
      work: work({
        queue: [
          { from: 0, to: 3 },
          { from: 3, to: 5 },
        ],
      }),
      waitMs: 0,
      accepted: 0,
      remembers: { refusedSize: status === 413 ? { bytes: 500_000, untilMs: 601_000 } : undefined },
    },
  })),
  {
    when: 'one record is refused: an empty request asks',
    work: work({ queue: single }),
    answer: refused(400),
    outcome: { work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3) }), waitMs: 0, deadLetters: [] },
  },
  {
    when: 'the empty request is accepted: a suspect, the rest goes on',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3) }),
    answer: accepted,
    outcome: {
      work: work({ queue: [{ from: 4, to: 8 }], suspects: [refusal(3)] }),
      waitMs: 0,
      deadLetters: [],
      remembers: { refusedInARow: 1 },
    },
  },
  {
    when: 'the empty request is accepted and nothing is left: at fault',
    work: work({ asking: refusal(7), suspects: [refusal(6)] }),
    answer: accepted,
    outcome: { work: workOf(0), deadLetters: [refusal(6), refusal(7)], remembers: { refusedInARow: 1 } },
  },
  {
    when: 'the empty request is refused: blocked, the record is tried again',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3) }),
    memory: { waits: 2 },
    answer: refused(400),
    outcome: {
      work: work({ queue: single }),
      waitMs: 3_000,
      deadLetters: [],
      remembers: {
        waits: 3,
        trouble: {
          kind: 'blocked',
          message: 'even an empty request is refused (400: no)',
          cause: 'refused 400',
        },
      },
    },
  },
  {
    when: 'the empty request gets 401: blocked, the record is tried again',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3) }),
    answer: blocked,
    outcome: { work: work({ queue: single }), waitMs: 750, deadLetters: [] },
  },
  {
    when: 'the empty request gets no answer: asked again',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3) }),
    answer: unavailable(),
    outcome: { work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3) }), waitMs: 500 },
  },
  {
    when: 'the tenth in a row: blocked, none of them skipped',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3), suspects: [refusal(1), refusal(2)] }),
    memory: { refusedInARow: 9 },
    answer: accepted,
    outcome: {
      work: work({
        queue: [
          { from: 4, to: 8 },
          { from: 1, to: 2 },
          { from: 2, to: 3 },
          { from: 3, to: 4 },
        ],
        doubted: [1, 2, 3],
      }),
      waitMs: 750,
      deadLetters: [],
      remembers: { refusedInARow: 10, waits: 1 },
    },
  },
  {
    when: 'the tenth in a row where a probe is at hand: it is the next',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3), probe: 8 }),
    memory: { refusedInARow: 9 },
    answer: accepted,
    outcome: {
      work: work({
        queue: [{ from: 8, to: 9 }, ...largerFirst],
        doubted: [3],
        probe: 8,
      }),
      deadLetters: [],
    },
  },
  {
    when: 'the probe is accepted: not delivered, and what is refused again is at fault',
    work: work({ queue: [{ from: 8, to: 9 }, ...single], doubted: [3], probe: 8 }),
    memory: { refusedInARow: 10 },
    answer: { kind: 'accepted', rejected: 1, message: '' },
    outcome: {
      work: work({ queue: single, convicted: [3], probe: 8 }),
      accepted: 0,
      rejected: 0,
      remembers: { refusedInARow: 0 },
    },
  },
  {
    when: 'the probe is refused: it is the endpoint; the probe goes back behind the others',
    work: work({ queue: [{ from: 8, to: 9 }, ...single], doubted: [3], probe: 8 }),
    memory: { refusedInARow: 10, waits: 1 },
    answer: refused(400),
    outcome: {
      work: work({
        queue: [...largerFirst, { from: 8, to: 9 }],
        doubted: [3],
        probe: 8,
      }),
      waitMs: 1_500,
      deadLetters: [],
    },
  },
  {
    when: 'another record is accepted: the probe is not needed any more',
    work: work({
      queue: [
        { from: 3, to: 4 },
        { from: 8, to: 9 },
      ],
      probe: 8,
    }),
    answer: accepted,
    outcome: { work: work({ probe: 8 }), accepted: 1 },
  },
  {
    when: 'one after which a record was accepted is refused again: at fault, and not counted',
    work: work({ queue: [{ from: 4, to: 8 }], asking: refusal(3), convicted: [3] }),
    memory: { refusedInARow: 4 },
    answer: accepted,
    outcome: {
      work: work({ queue: [{ from: 4, to: 8 }], convicted: [3] }),
      deadLetters: [refusal(3)],
      remembers: { refusedInARow: 4 },
    },
  },
  {
    when: 'after ten in a row another is refused: the next one is tried after the wait',
    work: work({ queue: single }),
    memory: { refusedInARow: 10, waits: 1 },
    answer: refused(400),
    outcome: {
      work: work({
        queue: largerFirst,
      }),
      waitMs: 1_500,
      deadLetters: [],
      remembers: { refusedInARow: 10, waits: 2 },
    },
  },
  {
    when: 'unavailable: the same again, after a random share of the wait',
    work: work({ queue: whole }),
    memory: { waits: 3 },
    answer: unavailable(),
    outcome: {
      work: work({ queue: whole }),
      waitMs: 4_000,
      remembers: { waits: 4, requestBytes: MAX_REQUEST_BYTES / 2 },
    },
  },
  {
    when: 'unavailable for long: waits stay below a minute',
    work: work({ queue: whole }),
    memory: { waits: 5_000 },
    answer: unavailable(),
    outcome: { waitMs: 30_000 },
  },
  {
    when: 'unavailable with Retry-After: no shorter than that',
    work: work({ queue: whole }),
    answer: unavailable(90_000),
    outcome: { waitMs: 90_000 },
  },
  {
    when: 'blocked: the same again, after at least half of the wait',
    work: work({ queue: whole }),
    memory: { waits: 50 },
    answer: blocked,
    outcome: {
      work: work({ queue: whole }),
      waitMs: 45_000,
      remembers: { waits: 51, trouble: { kind: 'blocked', message: 'who?', cause: 'status 401' } },
    },
  },
]
for (const row of rows) {
  test(row.when, () => {
    const before = memory(row.memory ?? {})
    const decision = decide(row.work, before, row.answer, now)
    const { remembers = {}, ...expected } = row.outcome
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(decision[key as keyof typeof decision], value, key)
    }
    for (const [key, value] of Object.entries(remembers)) {
      assert.deepEqual(decision.memory[key as keyof EndpointMemory], value, key)
    }
  })
}

test('a request is cut by bytes, and a single record never', () => {
  const sizes = [1_000_000, 1_900_000, 200_000, 9_000_000, 10]
  const next = (queue: Work['queue'], of = freshMemory, nowMs = 0) =>
    withNextRequest(work({ queue }), of, sizes, nowMs).queue
  assert.deepEqual(next([{ from: 0, to: 5 }]), [
    { from: 0, to: 2 },
    { from: 2, to: 5 },
  ])
  assert.deepEqual(next([{ from: 2, to: 5 }]), [
    { from: 2, to: 3 },
    { from: 3, to: 5 },
  ])
  assert.deepEqual(next([{ from: 3, to: 5 }]), [
    { from: 3, to: 4 },
    { from: 4, to: 5 },
  ])
  assert.deepEqual(next([{ from: 0, to: 2 }]), [{ from: 0, to: 2 }])
  const smaller = memory({ refusedSize: { bytes: 1_500_000, untilMs: 100 } })
  assert.deepEqual(next([{ from: 0, to: 2 }], smaller, 99), [
    { from: 0, to: 1 },
    { from: 1, to: 2 },
  ])
  assert.deepEqual(next([{ from: 0, to: 2 }], smaller, 100), [{ from: 0, to: 2 }])
  const narrow = memory({ requestBytes: 100_000 })
  assert.deepEqual(next([{ from: 0, to: 2 }], narrow), [
    { from: 0, to: 1 },
    { from: 1, to: 2 },
  ])
})

test('requests shrink while nothing answers and grow again with each that is accepted', () => {
  let of = freshMemory
  for (let i = 0; i < 20; i++) of = decide(work({ queue: whole }), of, unavailable(), now).memory
  assert.equal(of.requestBytes, 64 * 1024)
  for (let i = 0; i < 20; i++) of = decide(work({ queue: whole }), of, accepted, now).memory
  assert.equal(of.requestBytes, MAX_REQUEST_BYTES)
})
