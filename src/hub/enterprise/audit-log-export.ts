import type { AuditLogExport } from '../../ports.ts'
import { openExport } from '../client.ts'
import type { CallOptions } from './call-options.ts'
import { type HubRequest, organizationPath } from './request.ts'
import { respond } from './respond.ts'

/**
 * Starts one download of an organization's audit log: its elements as they come, with their exact bytes. Leaving the
 * loop ends the download. `query` is the Hub's own `q`: one `author:…`, `type:…` or `ip:…`.
 */
export async function openAuditLogExport(
  organization: string,
  query: string | undefined,
  options: CallOptions,
): Promise<AuditLogExport> {
  const facts = {
    action: `read the audit log of ${organization}`,
    needs:
      'a fine-grained token needs the permission org.auditLog.write on the organization, and its user must be an admin there',
    subject: `organization ${organization}`,
  }
  const { response, asked, signal } = await respond(auditLogRequest(organization, query), facts, options)
  return openExport(response, asked, Date.now(), signal)
}

export function auditLogRequest(organization: string, query?: string): HubRequest {
  return {
    method: 'GET',
    path: `${organizationPath(organization)}/audit-log/export`,
    ...(query ? { query: { q: query } } : {}),
  }
}
