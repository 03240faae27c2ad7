import { parseElement } from '../../event/hub-event.ts'
import { type AuditLogEvent, auditLogEvent } from './audit-log-event.ts'
import { openAuditLogExport } from './audit-log-export.ts'
import type { CallOptions } from './call-options.ts'

export interface StreamAuditLogsOptions extends CallOptions {
  /** Told of each element of the export that is no audit event and is left out: why, in words. */
  readonly onSkipped?: ((reason: string) => void) | undefined
}

/**
 * All events that the Hub exports, at most the last 100,000, in the order in which they come, which the Hub does not
 * state. One download: leaving the loop ends it at once, and closes its connection.
 *
 * Throws the `HUB_…` codes, also in the middle when the body breaks off, `STOPPED` and `CONFIG_INVALID`.
 */
export async function* streamAuditLogs(
  organization: string,
  options: StreamAuditLogsOptions = {},
): AsyncGenerator<AuditLogEvent, void, void> {
  const { elements } = await openAuditLogExport(organization, undefined, options)
  for await (const step of elements) {
    for (const element of step) {
      const read = parseElement(element)
      if (read.kind === 'event') yield auditLogEvent(read)
      else options.onSkipped?.(read.detail)
    }
  }
}
