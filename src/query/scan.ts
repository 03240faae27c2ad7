import type { AuditLogExport } from '../event/export.ts'
import { glanceAtElement, type ParsedEvent, parseElement } from '../event/hub-event.ts'
import type { EventHead, EventMatcher } from './event-query.ts'

/** What was seen while an export was read to its end. */
export interface Scanned {
  /** Elements of the export. */
  readonly fetched: number
  readonly matched: number
  /** Elements that are no audit event. */
  readonly poisoned: number
  /** Elements whose `_id` an earlier one had: the first counts. */
  readonly repeated: number
  /** `createdAt` of the oldest event, epoch milliseconds, whether it matched or not; undefined: there was none. */
  readonly oldestMs: number | undefined
}

/** An event that matched. `bytes` and `parsed` are good until the next one. */
export interface MatchedEvent extends EventHead {
  readonly bytes: Buffer
  parsed(): ParsedEvent
}

/** Reads an export while it arrives, and tells of every event that matches. Throws what the export throws. */
export async function scanExport(
  { elements }: Pick<AuditLogExport, 'elements'>,
  matcher: EventMatcher,
  onMatch: (event: MatchedEvent) => void,
  onProgress: () => void = () => {},
): Promise<Scanned> {
  const seen = new Set<string>()
  const counts = { fetched: 0, matched: 0, poisoned: 0, repeated: 0 }
  let oldestMs: number | undefined
  for await (const step of elements) {
    for (const element of step) {
      counts.fetched += 1
      let parsed: ParsedEvent | undefined
      let head: EventHead | undefined = glanceAtElement(element)
      if (head === undefined) {
        const read = parseElement(element)
        if (read.kind === 'poison') {
          counts.poisoned += 1
          continue
        }
        parsed = read
        head = read
      }
      if (seen.has(head.id)) {
        counts.repeated += 1
        continue
      }
      seen.add(head.id)
      if (oldestMs === undefined || head.createdAtMs < oldestMs) oldestMs = head.createdAtMs
      if (!matcher.head(head)) continue
      const parse = (): ParsedEvent => {
        parsed ??= parseElement(element) as ParsedEvent
        return parsed
      }
      if (matcher.needsBody && !matcher.body(parse())) continue
      counts.matched += 1
      const { id, type, createdAtMs } = head
      onMatch({ id, type, createdAtMs, bytes: element.bytes, parsed: parse })
    }
    onProgress()
  }
  return { ...counts, oldestMs }
}
