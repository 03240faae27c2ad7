import { splitJsonArray } from '../../src/hub/json-array.ts'
import type { AuditLogExport } from '../../src/ports.ts'

/** A plainly invented event; `n` makes its id. */
export function eventText(n: number, createdAtMs: number, rest: Record<string, unknown> = {}): string {
  return JSON.stringify({
    _id: idOf(n),
    createdAt: new Date(createdAtMs).toISOString(),
    type: 'repo.create',
    message: `Invented event ${n}`,
    author: { _id: 'a'.repeat(24), user: 'alice-example', avatarUrl: '/avatars/alice.svg', type: 'user' },
    ...rest,
  })
}

export function idOf(n: number): string {
  return n.toString(16).padStart(24, '0')
}

/** An export of these elements' texts, through the real splitter, in chunks of `chunkBytes`. */
export function exportOf(
  elements: readonly (string | Buffer)[],
  options: { receivedAtMs?: number; chunkBytes?: number } = {},
): AuditLogExport {
  const parts = elements.flatMap((element, index) => [
    Buffer.from(index === 0 ? '' : ','),
    typeof element === 'string' ? Buffer.from(element) : element,
  ])
  return exportOfBody(Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')]), options)
}

/** An export with this body, whatever it is. */
export function exportOfBody(
  body: Buffer,
  options: { receivedAtMs?: number; chunkBytes?: number } = {},
): AuditLogExport {
  const { receivedAtMs = Date.UTC(2026, 10, 20), chunkBytes = 1000 } = options
  async function* chunks() {
    for (let start = 0; start < body.length; start += chunkBytes) {
      // A copy, as a socket gives: what the splitter hands out must not be kept beyond its step.
      yield Buffer.from(body.subarray(start, start + chunkBytes))
    }
  }
  return {
    receivedAtMs,
    elements: splitJsonArray(chunks()),
    wireBytes: () => body.length,
    bodyBytes: () => body.length,
    expectedWireBytes: body.length,
  }
}
