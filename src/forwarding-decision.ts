import type { DeliveryResult } from './ports.ts'
import { retryDelayMs } from './retry.ts'

/**
 * What becomes of the entries of one hand-over, decided answer by answer. Pure: the requests are the forwarder's.
 *
 * - An endpoint that is not available is tried again without end, with full jitter, not before its Retry-After.
 * - A refused request is halved until one record stands alone. Then an empty request is sent: if that is accepted the
 *   record is at fault and becomes a *suspect*; if not, the endpoint is blocked.
 * - Suspects are dead-lettered as soon as the endpoint accepts another record, or when nothing else is left. Ten
 *   suspects in a row without an accepted record between say that it is the endpoint after all: then it is blocked and
 *   they go back into the queue, so that none is skipped. If any record is accepted after that, it was not the endpoint:
 *   those that are refused once more are at fault, however many they are.
 * - A blocked endpoint is tried again with growing waits. After ten in a row the first to be tried is a *probe*, a record
 *   that it accepted before: where only bad records are left, nothing else could show that it is well.
 */

/** The entries `from` to `to`, exclusive. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** A record that was refused alone. */
export interface Refusal {
  readonly index: number
  readonly status: number
  /** The endpoint's words. */
  readonly message: string
}

/** What is left to do of a hand-over. */
export interface Work {
  /** What was neither accepted nor refused for good. The first range is the next request, or the one under way. */
  readonly queue: readonly Range[]
  /** Set while an empty request asks whether the endpoint accepts anything at all. */
  readonly asking: Refusal | undefined
  readonly suspects: readonly Refusal[]
  /** Indices of suspects that went back into the queue, since there were ten in a row. */
  readonly doubted: readonly number[]
  /** Of these the ones after which a record was accepted: refused once more, they are at fault. */
  readonly convicted: readonly number[]
  /** Index of the probe: a record that was accepted, in this hand-over or an earlier one. */
  readonly probe: number | undefined
}

export interface Trouble {
  readonly kind: 'unavailable' | 'blocked'
  readonly message: string
  /** The same for troubles of one cause: a new one is worth a line in the log. */
  readonly cause: string
}

/** What is known of the endpoint. Outlives a hand-over. */
export interface EndpointMemory {
  /** Waits since something was accepted: they grow with it. */
  readonly waits: number
  /** Records that were refused alone since one was accepted. */
  readonly refusedInARow: number
  /** How large a request may be. Shrinks while requests get no answer: a slow or cut line may pass smaller ones. */
  readonly requestBytes: number
  /** After a 413: no larger requests than this for a while. */
  readonly refusedSize: { readonly bytes: number; readonly untilMs: number } | undefined
  readonly trouble: Trouble | undefined
}

export interface Decision {
  readonly work: Work
  readonly memory: EndpointMemory
  /** Before the next request. */
  readonly waitMs: number
  /** Records accepted by this answer, those that it rejected included. */
  readonly accepted: number
  /** Of a partial success: gone, since the protocol forbids to send them again. */
  readonly rejected: number
  readonly deadLetters: readonly Refusal[]
}

export interface Circumstances {
  readonly nowMs: number
  /** From 0 to 1, exclusive. */
  readonly random: number
  /** Of the request under way. */
  readonly requestBytes: number
}

/** Below the 5 MB and 4 MiB that endpoints commonly take. */
export const MAX_REQUEST_BYTES = 3_000_000
const MIN_REQUEST_BYTES = 64 * 1024
/** After this the endpoint may have another limit. */
const REFUSED_SIZE_FOR_MS = 10 * 60_000
const WAITS = { baseMs: 1_000, capMs: 60_000 }
export const MAX_REFUSED_IN_A_ROW = 10

export const freshMemory: EndpointMemory = {
  waits: 0,
  refusedInARow: 0,
  requestBytes: MAX_REQUEST_BYTES,
  refusedSize: undefined,
  trouble: undefined,
}

/** With a probe where the record at that index was accepted before. */
export function workOf(count: number, probe?: number): Work {
  const queue = count === 0 ? [] : [{ from: 0, to: count }]
  return { queue, asking: undefined, suspects: [], doubted: [], convicted: [], probe }
}

/**
 * The work with its next request first in the queue, cut so that it is not larger than the endpoint takes; a single
 * entry is never cut. `sizes` are bytes by index.
 */
export function withNextRequest(
  work: Work,
  memory: EndpointMemory,
  sizes: readonly number[],
  nowMs: number,
): Work {
  const [first, ...rest] = work.queue
  if (first === undefined || work.asking !== undefined) return work
  const { refusedSize } = memory
  const ceiling =
    refusedSize !== undefined && nowMs < refusedSize.untilMs ? refusedSize.bytes : MAX_REQUEST_BYTES
  const limit = Math.min(memory.requestBytes, ceiling)
  let to = first.from + 1
  for (let bytes = sizes[first.from]!; to < first.to; to++) {
    bytes += sizes[to]!
    if (bytes > limit) break
  }
  if (to >= first.to) return work
  return { ...work, queue: [{ from: first.from, to }, { from: to, to: first.to }, ...rest] }
}

/** What an answer to the request under way leads to. */
export function decide(
  work: Work,
  memory: EndpointMemory,
  result: DeliveryResult,
  circumstances: Circumstances,
): Decision {
  switch (result.kind) {
    case 'accepted':
      return work.asking === undefined
        ? acceptedRecords(work, memory, result.rejected)
        : acceptedEmpty(work, work.asking, memory, circumstances)
    case 'refused':
      return work.asking === undefined
        ? refusedRecords(work, memory, result, circumstances)
        : blocked(withAskedBack(work, work.asking), memory, circumstances, {
            message: `even an empty request is refused (${result.status}: ${result.message})`,
            cause: `refused ${result.status}`,
          })
    case 'blocked':
      return blocked(
        work.asking === undefined ? work : withAskedBack(work, work.asking),
        memory,
        circumstances,
        {
          message: result.message,
          cause: `status ${result.status}`,
        },
      )
    case 'unavailable':
      return unavailable(work, memory, result, circumstances)
  }
}

function acceptedRecords(work: Work, memory: EndpointMemory, rejected: number): Decision {
  const [{ from, to } = { from: 0, to: 0 }, ...rest] = work.queue
  const isProbe = from === work.probe
  return {
    work: {
      ...work,
      // Any accepted record shows what the probe would.
      queue: withoutProbe(rest, work.probe),
      suspects: [],
      doubted: [],
      convicted: [...work.convicted, ...work.doubted],
      probe: work.probe ?? (rejected === 0 ? from : undefined),
    },
    memory: {
      ...memory,
      waits: 0,
      refusedInARow: 0,
      requestBytes: Math.min(MAX_REQUEST_BYTES, memory.requestBytes * 2),
      trouble: undefined,
    },
    waitMs: 0,
    accepted: isProbe ? 0 : to - from,
    rejected: isProbe ? 0 : rejected,
    deadLetters: work.suspects,
  }
}

/** The endpoint accepts something: the record itself is at fault, unless there are too many such. */
function acceptedEmpty(
  work: Work,
  asked: Refusal,
  memory: EndpointMemory,
  circumstances: Circumstances,
): Decision {
  const isConvicted = work.convicted.includes(asked.index)
  const refusedInARow = memory.refusedInARow + (isConvicted ? 0 : 1)
  const suspects = [...work.suspects, asked]
  if (!isConvicted && refusedInARow >= MAX_REFUSED_IN_A_ROW) {
    const indices = suspects.map(({ index }) => index)
    const back = indices.map(index => ({ from: index, to: index + 1 }))
    return tooManyRefused(
      { ...work, queue: [...work.queue, ...back], doubted: [...work.doubted, ...indices] },
      { ...memory, refusedInARow },
      asked,
      circumstances,
    )
  }
  const isLast = work.queue.length === 0
  const settled = isLast ? suspects : isConvicted ? [asked] : []
  return {
    work: { ...work, asking: undefined, suspects: suspects.filter(suspect => !settled.includes(suspect)) },
    memory: { ...memory, refusedInARow, waits: 0, trouble: undefined },
    ...NOTHING_SETTLED,
    deadLetters: settled,
  }
}

function refusedRecords(
  work: Work,
  memory: EndpointMemory,
  { status, message }: { readonly status: number; readonly message: string },
  circumstances: Circumstances,
): Decision {
  const [{ from, to } = { from: 0, to: 0 }, ...rest] = work.queue
  if (to - from > 1) {
    const middle = Math.ceil((from + to) / 2)
    const queue = [{ from, to: middle }, { from: middle, to }, ...rest]
    const bytes = Math.max(MIN_REQUEST_BYTES, Math.floor(circumstances.requestBytes / 2))
    const refusedSize =
      status === 413 ? { bytes, untilMs: circumstances.nowMs + REFUSED_SIZE_FOR_MS } : memory.refusedSize
    return { work: { ...work, queue }, memory: { ...memory, refusedSize }, ...NOTHING_SETTLED }
  }
  const refusal = { index: from, status, message }
  if (memory.refusedInARow >= MAX_REFUSED_IN_A_ROW) {
    const queue = [...rest, { from, to }]
    return tooManyRefused({ ...work, queue }, memory, refusal, circumstances)
  }
  return { work: { ...work, queue: rest, asking: refusal }, memory, ...NOTHING_SETTLED }
}

function tooManyRefused(
  work: Work,
  memory: EndpointMemory,
  { index, status, message }: Refusal,
  circumstances: Circumstances,
): Decision {
  const { probe } = work
  const queue = withoutProbe(work.queue, probe)
  // Bad records stand beside each other: a large range is the likelier to hold good ones.
  queue.sort((a, b) => b.to - b.from - (a.to - a.from))
  const probes = probe === undefined ? [] : [{ from: probe, to: probe + 1 }]
  const tried = index === probe ? [...queue, ...probes] : [...probes, ...queue]
  return blocked({ ...work, queue: tried, asking: undefined, suspects: [] }, memory, circumstances, {
    message:
      `${MAX_REFUSED_IN_A_ROW} records in a row were refused (${status}: ${message}), though an empty request is ` +
      'accepted: that is not taken for the fault of the records',
    cause: `refused in a row ${status}`,
  })
}

function withoutProbe(queue: readonly Range[], probe: number | undefined): Range[] {
  return queue.filter(({ from }) => from !== probe)
}

function unavailable(
  work: Work,
  memory: EndpointMemory,
  { message, retryAfterMs }: { readonly message: string; readonly retryAfterMs: number | undefined },
  { random }: Circumstances,
): Decision {
  const waits = memory.waits + 1
  return {
    work,
    memory: {
      ...memory,
      waits,
      requestBytes: waits < 2 ? memory.requestBytes : Math.max(MIN_REQUEST_BYTES, memory.requestBytes / 2),
      trouble: { kind: 'unavailable', message, cause: 'unavailable' },
    },
    ...NOTHING_SETTLED,
    waitMs: retryDelayMs({ ...WAITS, attempt: waits, retryAfterMs, random }),
  }
}

function blocked(
  work: Work,
  memory: EndpointMemory,
  { random }: Circumstances,
  trouble: Omit<Trouble, 'kind'>,
): Decision {
  const waits = memory.waits + 1
  return {
    work,
    memory: { ...memory, waits, trouble: { kind: 'blocked', ...trouble } },
    ...NOTHING_SETTLED,
    // Between half and all of it: a blocked endpoint is not to be hurried.
    waitMs: retryDelayMs({ ...WAITS, attempt: waits, random: 0.5 + random / 2 }),
  }
}

const NOTHING_SETTLED = { waitMs: 0, accepted: 0, rejected: 0, deadLetters: [] } as const

/** The record that was asked about is tried again itself: the endpoint's refusal says nothing of it. */
function withAskedBack(work: Work, { index }: Refusal): Work {
  return { ...work, queue: [{ from: index, to: index + 1 }, ...work.queue], asking: undefined }
}
