import type { ServerResponse } from 'node:http'
import type { Answer } from './answers.ts'
import { deliver, type Ending } from './delivery.ts'
import { type ActiveFault, faultOf } from './faults.ts'
import type { SeenRequest } from './request-log.ts'

export interface Head {
  readonly status: number
  readonly headers: Record<string, string>
}

/** Sends a body as far as the connection faults let it through, and notes how it went. */
export async function sendBody(
  response: ServerResponse,
  seen: SeenRequest,
  { status, headers }: Head,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  faults: readonly ActiveFault[],
  signal: AbortSignal,
): Promise<void> {
  const truncate = faultOf(faults, 'truncate')
  const promised = truncate === undefined || truncate.framing === 'chunked' ? undefined : truncate
  const { 'content-length': size, ...rest } = headers
  const length =
    promised === undefined
      ? truncate === undefined
        ? size
        : undefined
      : String(promised.afterBytes + (promised.framing === 'content-length-too-long' ? 1_000 : 0))
  response.writeHead(status, length === undefined ? rest : { ...rest, 'content-length': length })
  response.flushHeaders()
  seen.status = status

  const wire = deliver(chunks, faults, signal)
  let ending: Ending = 'end'
  try {
    for (;;) {
      const step = await wire.next()
      if (step.done === true) {
        ending = step.value
        break
      }
      await written(response, step.value, signal)
      seen.bytes += step.value.length
    }
  } finally {
    seen.outcome = 'cut'
    await wire.return('close')
  }
  if (promised !== undefined && seen.bytes < promised.afterBytes) ending = 'close'
  if (ending === 'reset') response.socket?.resetAndDestroy()
  else if (ending === 'close') response.destroy()
  else {
    seen.outcome = 'complete'
    response.end()
  }
}

/** Resolves when the connection has taken the chunk, so that it may be used again: backpressure in one place. */
function written(response: ServerResponse, chunk: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(signal.reason)
    if (signal.aborted) return gone()
    signal.addEventListener('abort', gone, { once: true })
    response.write(chunk, error => {
      signal.removeEventListener('abort', gone)
      if (error) reject(error)
      else resolve()
    })
  })
}

/** Sends an answer that is held whole. */
export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}
