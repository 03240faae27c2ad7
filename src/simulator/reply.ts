import type { IncomingMessage } from 'node:http'
import { type Answer, errorAnswer, jsonAnswer, notFoundAnswer } from './answers.ts'
import { answerCall } from './api/answer-call.ts'
import { revokeCredentials } from './api/credentials.ts'
import type { Match } from './api/routing.ts'
import type { ExportSource } from './export-source.ts'
import type { ActiveFault } from './faults.ts'
import type { HubState } from './hub-state.ts'
import { type Caller, restrictionAnswer } from './organization/access.ts'
import type { Organization } from './organization/organization.ts'
import { parseQuery } from './query.ts'
import { acceptsGzip, readBody } from './request.ts'
import { whoami } from './whoami.ts'

export interface ReplySettings {
  readonly gzip: boolean
  readonly exportEvents: boolean
  readonly tokenExpiresAtMs: number | undefined
  readonly now: () => number
  readonly source: ExportSource
}

/** A request that the server has let through. */
export interface Admitted {
  readonly match: Match
  /** Undefined only where none is asked for. */
  readonly caller: Caller | undefined
  readonly url: URL
  readonly request: IncomingMessage
  readonly faults: readonly ActiveFault[]
}

/** An answer, or one whose body is made while it is sent. */
export type Reply =
  | Answer
  | {
      readonly status: number
      readonly headers: Record<string, string>
      readonly chunks: Iterable<Buffer> | AsyncIterable<Buffer>
    }

const MAX_BODY_BYTES = 1 << 20

/** What the Hub itself says to a request, and does for it. */
export async function replyTo(state: HubState, settings: ReplySettings, admitted: Admitted): Promise<Reply> {
  const { match, url, request } = admitted
  const { route, path } = match
  const bodyText = await readBody(request, MAX_BODY_BYTES)
  if (bodyText === undefined) return errorAnswer(413, `The body is longer than ${MAX_BODY_BYTES} bytes`)
  const contentType = request.headers['content-type']
  if (route.endpoint === 'credentials') return revokeCredentials(state, contentType, bodyText)

  const caller = admitted.caller!
  if (route.endpoint === 'whoami') {
    const organizations = state.organizations.map(name => state.findOrganization(name)!)
    return jsonAnswer(whoami(caller, organizations, settings.tokenExpiresAtMs))
  }
  const organization = state.findOrganization((path.name ?? path.namespace)!)
  if (!('handle' in route)) {
    if (organization === undefined) return errorAnswer(404)
    return exportReply(state, settings, admitted, organization, caller)
  }
  // Only those about a repository come here with a namespace that is none of ours.
  if (organization === undefined) return notFoundAnswer('Repository', 'RepoNotFound')
  const userAgent = request.headers['user-agent']
  return answerCall(state, route, { url, path, caller, organization, contentType, bodyText, userAgent })
}

async function exportReply(
  state: HubState,
  settings: ReplySettings,
  { url, request, faults }: Admitted,
  organization: Organization,
  caller: Caller,
): Promise<Reply> {
  const kept = restrictionAnswer(caller, organization)
  if (kept !== undefined) return kept
  const q = url.searchParams.get('q') ?? ''
  const query = q === '' ? undefined : parseQuery(q)
  if (query === undefined && q !== '') {
    return errorAnswer(400, 'Invalid query: q must be author:<name>, ip:<address> or type:<event type>')
  }
  const log = state.log(organization.name)
  const gzip = settings.gzip && acceptsGzip(request)
  const { chunks, size } = await settings.source.open({ log, query, faults, gzip })
  if (settings.exportEvents) state.appendExportEvent(log)
  const day = new Date(settings.now()).toISOString().slice(0, 10)
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-disposition': `attachment; filename="${organization.name}-audit-log-${day}.json"`,
    ...(settings.gzip && { vary: 'Accept-Encoding' }),
    ...(gzip && { 'content-encoding': 'gzip' }),
    ...(size !== undefined && { 'content-length': String(size) }),
  }
  return { status: 200, headers, chunks }
}
