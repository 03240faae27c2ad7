import { setTimeout as sleep } from 'node:timers/promises'
import { type ActiveFault, faultOf } from './faults.ts'

type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>

/** What is to happen after the last chunk: end in good order, reset the connection, or close it short. */
export type Ending = 'end' | 'reset' | 'close'

/** Puts foreign bytes over, or between, the body's bytes at an offset. */
export async function* withGarbage(
  chunks: Chunks,
  afterBytes: number,
  foreign: Buffer,
  mode: 'overwrite' | 'insert',
): AsyncGenerator<Buffer> {
  let offset = 0
  let done = 0
  for await (const chunk of chunks) {
    const start = afterBytes - offset
    offset += chunk.length
    if (mode === 'insert') {
      if (done > 0 || start > chunk.length) yield chunk
      else {
        done = 1
        yield Buffer.concat([chunk.subarray(0, start), foreign, chunk.subarray(start)])
      }
    } else if (done < foreign.length && start < chunk.length) {
      const copy = Buffer.from(chunk)
      const at = Math.max(0, start)
      done += foreign.copy(copy, at, done, Math.min(foreign.length, done + copy.length - at))
      yield copy
    } else yield chunk
  }
}

/** The wire's bytes as the connection faults let them through; returns how the connection is to end. */
export async function* deliver(
  chunks: Chunks,
  faults: readonly ActiveFault[],
  signal: AbortSignal,
): AsyncGenerator<Buffer, Ending> {
  const reset = faultOf(faults, 'reset')
  const truncate = faultOf(faults, 'truncate')
  const stall = faultOf(faults, 'stall')
  const slow = faultOf(faults, 'slow')
  const endAt = Math.min(reset?.afterBytes ?? Infinity, truncate?.afterBytes ?? Infinity)
  let stallAt = typeof stall?.at === 'number' ? stall.at : Infinity
  const ending: Ending =
    reset !== undefined && reset.afterBytes === endAt
      ? 'reset'
      : truncate?.framing === 'content-length-too-long'
        ? 'close'
        : 'end'
  let sent = 0

  for await (const chunk of chunks) {
    let rest = chunk
    while (rest.length > 0) {
      if (sent >= stallAt) {
        stallAt = Infinity
        await silence(stall?.forMs, signal)
      }
      if (sent >= endAt) return ending
      const step = Math.min(
        rest.length,
        endAt - sent,
        stallAt - sent,
        slow ? stepOf(slow.bytesPerSecond) : Infinity,
      )
      yield rest.subarray(0, step)
      rest = rest.subarray(step)
      sent += step
      if (slow !== undefined) await sleep((step / slow.bytesPerSecond) * 1_000, undefined, { signal })
    }
  }
  // Asked for at or beyond the end of the body.
  if (stallAt !== Infinity) await silence(stall?.forMs, signal)
  return endAt === Infinity ? 'end' : ending
}

/** A twentieth of a second's worth at a time. */
function stepOf(bytesPerSecond: number): number {
  return Math.max(1, Math.floor(bytesPerSecond / 20))
}

/** Nothing at all for that long, or until the signal is aborted. */
export function silence(forMs: number | undefined, signal: AbortSignal): Promise<void> {
  return sleep(forMs ?? 2 ** 31 - 1, undefined, { signal })
}
