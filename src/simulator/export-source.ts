import { Readable } from 'node:stream'
import { constants, createGzip } from 'node:zlib'
import type { AuditLog } from './audit-log.ts'
import { exportBody } from './body.ts'
import { withGarbage } from './delivery.ts'
import { planEdits } from './edits.ts'
import { type ActiveFault, faultOf } from './faults.ts'
import type { HubState } from './hub-state.ts'
import { type PreparedBody, prepareBody } from './prepared.ts'
import type { Query } from './query.ts'

type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>

export interface ExportRequest {
  readonly log: AuditLog
  readonly query: Query | undefined
  readonly faults: readonly ActiveFault[]
  readonly gzip: boolean
}

export interface ExportSource {
  /** The body's bytes as they go over the wire; `size` where it is known. */
  open(request: ExportRequest): Promise<{ readonly chunks: Chunks; readonly size: number | undefined }>
  /** Renders what an export is now, so that the first request need not wait for it. */
  prepare(log: AuditLog, gzip: boolean): Promise<void>
  close(): Promise<void>
}

/**
 * Where the bytes of exports come from: made while they are sent, or, when `prepared`, rendered once into a temporary
 * file and read from there until the log changes.
 */
export function createExportSource(state: HubState, prepared: boolean): ExportSource {
  const bodies = new Map<
    string,
    { readonly log: AuditLog; readonly key: string; readonly body: Promise<PreparedBody> }
  >()

  const windowOf = (log: AuditLog, query?: Query, lagEvents = 0) =>
    log.window({
      cap: state.cap,
      order: state.order,
      shuffleSeed: state.seed ^ state.shuffleSeed ^ log.count,
      lagEvents,
      ...(query !== undefined && { query }),
    })

  const preparedBody = async (log: AuditLog, gzip: boolean): Promise<PreparedBody> => {
    const place = `${log.generator.id(1)} ${gzip}`
    const key = `${log.version} ${state.order} ${state.shuffleSeed} ${state.cap}`
    const found = bodies.get(place)
    if (found !== undefined && found.log === log && found.key === key) return found.body
    const chunks = exportBody(log, windowOf(log))
    const body = prepareBody(gzip ? gzipped(chunks) : chunks)
    bodies.set(place, { log, key, body })
    body.catch(() => bodies.get(place)?.body === body && bodies.delete(place))
    await (await found?.body.catch(() => undefined))?.dispose()
    return body
  }

  return {
    async open({ log, query, faults, gzip }) {
      const garbage = faultOf(faults, 'garbage')
      const lag = faultOf(faults, 'lag')
      const window = windowOf(log, query, lag?.events)
      const edits = planEdits(faults, log, window)
      const plain = edits === undefined && garbage === undefined && lag === undefined && query === undefined
      if (prepared && plain) {
        for (;;) {
          const body = await preparedBody(log, gzip)
          const chunks = body.open()
          // Undefined when another request found the log changed in between, and gave this body up.
          if (chunks !== undefined) return { chunks, size: body.size }
        }
      }
      const body = exportBody(log, window, edits)
      const chunks =
        garbage === undefined
          ? body
          : withGarbage(body, garbage.afterBytes, Buffer.from(garbage.hex, 'hex'), garbage.mode)
      return { chunks: gzip ? gzipped(chunks) : chunks, size: undefined }
    },
    async prepare(log, gzip) {
      if (prepared) await preparedBody(log, gzip)
    },
    async close() {
      for (const { body } of bodies.values()) await (await body.catch(() => undefined))?.dispose()
      bodies.clear()
    },
  }
}

/** Compressed as fast as gzip can: the Hub's own level is not known, and a simulator must not be the slow part. */
export async function* gzipped(chunks: Chunks): AsyncGenerator<Buffer> {
  const source = Readable.from(chunks, { objectMode: true, highWaterMark: 1 })
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 1 << 16 })
  source.once('error', error => gzip.destroy(error))
  try {
    yield* source.pipe(gzip)
  } finally {
    source.destroy()
    gzip.destroy()
  }
}
