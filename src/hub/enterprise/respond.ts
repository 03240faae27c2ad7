import { stoppedError } from '../../retry.ts'
import { type HubResponse, proxyPasswords, sendRequest } from '../http.ts'
import { type Asked, responseError } from '../response-error.ts'
import { accessTokenOf } from './access-token.ts'
import type { CallOptions } from './call-options.ts'
import { connections } from './connections.ts'
import { endpointOf } from './endpoint.ts'
import { callMends, type MendFacts } from './mends.ts'
import { withOutcome } from './outcome-unknown.ts'
import { type HubRequest, requestUrl } from './request.ts'

const NEVER = new AbortController().signal

/** What a call adds to its request. */
export interface CallFacts extends Omit<MendFacts, 'tokenSource' | 'endpoint'> {
  /** Sent in the body, never to be shown. */
  readonly secrets?: readonly string[]
  /** Sent without a token. */
  readonly anonymous?: boolean
}

export interface Responded {
  readonly response: HubResponse
  readonly asked: Asked
  readonly signal: AbortSignal
}

/** Asks once. Any answer of 200 to 299 is a success, any other an error that says what it means for this call. */
export async function respond(
  request: HubRequest,
  facts: CallFacts,
  options: CallOptions,
): Promise<Responded> {
  const environment = options.environment ?? process.env
  const endpoint = endpointOf(options, environment)
  const signal = options.signal ?? NEVER
  if (signal.aborted) throw stoppedError(signal)
  const token = facts.anonymous ? undefined : await accessTokenOf(options, environment, endpoint)
  const { method } = request
  const url = requestUrl(request, endpoint)
  const { dispatcher, settings } = connections(environment)
  const own = token === undefined ? [] : [token.value]
  const asked: Asked = {
    method,
    url,
    secrets: [...own, ...(facts.secrets ?? []), ...proxyPasswords(settings)],
    mends: callMends({ ...facts, tokenSource: token?.source, endpoint }),
  }
  const body = request.body === undefined ? undefined : JSON.stringify(request.body)
  const outgoing = { method, url, token, body, ownConnection: true }
  try {
    const response = await sendRequest(dispatcher, settings, outgoing, signal)
    if (response.status >= 200 && response.status < 300) return { response, asked, signal }
    throw await responseError(response, asked, Date.now())
  } catch (error) {
    throw withOutcome(request, error)
  }
}
