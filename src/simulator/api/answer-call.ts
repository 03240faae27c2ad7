import type { Answer } from '../answers.ts'
import { AUDITOR } from '../generator.ts'
import type { HubState } from '../hub-state.ts'
import { type Caller, refusal } from '../organization/access.ts'
import type { Organization } from '../organization/organization.ts'
import type { TokenHolder } from '../organization/token-book.ts'
import type { ToldEvent } from '../told-event.ts'
import { checkedBody, checkedQuery } from './input.ts'
import type { Call, Route } from './route.ts'

export interface Asked {
  readonly url: URL
  readonly path: Readonly<Record<string, string>>
  readonly caller: Caller
  readonly organization: Organization
  readonly contentType: string | undefined
  readonly bodyText: string
  readonly userAgent: string | undefined
}

/** Loopback, anonymized as the Hub anonymizes addresses. */
const CALLER_ADDRESS = '127.0.0.0'

/** Checks the caller, then the input, then lets the route answer. What the route changed, the log tells. */
export function answerCall(state: HubState, route: Route, asked: Asked): Answer {
  const { organization, caller, url, path } = asked
  const refused = route.needs && refusal(caller, organization, route.needs)
  if (refused !== undefined) return refused
  const query = route.query && checkedQuery(route.query, url.searchParams)
  if (query?.refused !== undefined) return query.refused
  const body = route.body && checkedBody(route.body, asked.contentType, asked.bodyText)
  if (body?.refused !== undefined) return body.refused
  const log = state.log(organization.name)
  const call: Call = {
    url,
    path,
    body: body?.value,
    query: query?.value,
    caller,
    organization,
    tokens: state.tokens,
    nowMs: state.timeMs(log),
    tell: (type, did, data) => state.appendTold(log, { ...callerEvent(asked, did), type, data }),
  }
  return route.handle(call)
}

function callerEvent({ caller, userAgent }: Asked, did: string): Omit<ToldEvent, 'type' | 'data'> {
  return {
    ...(caller.kind === 'user' ? userAuthor(did) : accountAuthor(caller, did)),
    ip: CALLER_ADDRESS,
    ...(userAgent !== undefined && { userAgent }),
  }
}

type Author = Pick<ToldEvent, 'message' | 'author' | 'token'>

function userAuthor(did: string): Author {
  const { id, name, tokenId } = AUDITOR
  return {
    message: `${name} ${did}`,
    author: { id, name, type: 'user', avatar: 'auditor' },
    token: { id: tokenId },
  }
}

function accountAuthor({ account, token }: TokenHolder, did: string): Author {
  const { id, user } = account
  return {
    message: `${user} ${did}`,
    author: { id, name: user, type: 'user', avatar: id.slice(0, 8) },
    token: { id: token.id, last4: token.last4 },
  }
}
