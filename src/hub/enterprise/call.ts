import { homedir } from 'node:os'
import type { Dispatcher } from 'undici'
import type { z } from 'zod'
import { ConnectorError } from '../../errors.ts'
import { DEFAULT_TIMEOUTS, userAgentOf } from '../client.ts'
import { createDispatcher, type HttpSettings, type HubResponse, proxyFromEnv, sendRequest } from '../http.ts'
import { jsonBody } from '../json-body.ts'
import type { ResponseHeaders } from '../rate-limit.ts'
import { type Asked, responseError } from '../response-error.ts'
import { createTokenSource, type HubToken } from '../token.ts'
import type { CallOptions } from './call-options.ts'
import { callMends, type MendFacts } from './mends.ts'
import { type HubRequest, requestUrl } from './request.ts'
import { packageVersion } from './version.ts'

/** A page of 10,000 members takes about 5 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
const NEVER = new AbortController().signal
const DEFAULT_ENDPOINT = 'https://huggingface.co'

/** What a call adds to its request. */
export interface CallFacts extends Omit<MendFacts, 'tokenSource' | 'endpoint'> {
  /** Sent in the body, never to be shown. */
  readonly secrets?: readonly string[]
  /** Sent without a token. */
  readonly anonymous?: boolean
}

export interface Answer {
  readonly value: unknown
  readonly headers: ResponseHeaders
  /** The request as it was sent, for words. */
  readonly what: string
}

/** Asks once and parses the answer. Throws `CONFIG_INVALID`, `STOPPED` and the `HUB_…` codes. */
export async function call<Schema extends z.ZodType>(
  request: HubRequest,
  schema: Schema,
  facts: CallFacts,
  options: CallOptions,
): Promise<z.output<Schema>> {
  const answer = await send(request, facts, options)
  return parsed(answer, schema)
}

/** For calls whose answer has no documented form: any success will do. */
export async function callForSuccess(
  request: HubRequest,
  facts: CallFacts,
  options: CallOptions,
): Promise<void> {
  const { response } = await respond(request, facts, options)
  response.body.on('error', () => {}).destroy()
}

/** The answer's body as JSON, not yet looked at. */
export async function send(request: HubRequest, facts: CallFacts, options: CallOptions): Promise<Answer> {
  const { response, asked, signal } = await respond(request, facts, options)
  const value = await jsonBody(response, asked, MAX_BODY_BYTES, signal)
  return { value, headers: response.headers, what: `${asked.method} ${asked.url.href}` }
}

/** Throws `HUB_BODY_BROKEN` that names the places, and nothing of their values. */
export function parsed<Schema extends z.ZodType>(answer: Answer, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(answer.value)
  if (result.success) return result.data
  const places = result.error.issues.map(issue => issue.path.join('.') || 'the whole of it')
  const where = [...new Set(places)].slice(0, 10).join(', ')
  throw new ConnectorError(
    'HUB_BODY_BROKEN',
    `${answer.what} was answered in another form than known (at ${where}).`,
  )
}

export interface Responded {
  readonly response: HubResponse
  readonly asked: Asked
  readonly token: HubToken | undefined
  readonly endpoint: string
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
  const token = facts.anonymous ? undefined : await tokenOf(options, environment, endpoint)
  const { method } = request
  const url = requestUrl(request, endpoint)
  const asked: Asked = {
    method,
    url,
    secrets: [...(token === undefined ? [] : [token.value]), ...(facts.secrets ?? [])],
    mends: callMends({ ...facts, tokenSource: token?.source, endpoint }),
  }
  const body = request.body === undefined ? undefined : JSON.stringify(request.body)
  const { dispatcher, settings } = connections(environment)
  const response = await sendRequest(
    dispatcher,
    settings,
    { method, url, token, body, ownConnection: true },
    signal,
  )
  if (response.status >= 200 && response.status < 300) return { response, asked, token, endpoint, signal }
  throw await responseError(response, asked, Date.now())
}

/** The endpoint in use, as origin and path without a trailing slash. Throws `CONFIG_INVALID`. */
export function endpointOf(options: CallOptions, environment = options.environment ?? process.env): string {
  const [name, text] =
    options.endpoint === undefined
      ? ['HF_ENDPOINT', environment.HF_ENDPOINT || DEFAULT_ENDPOINT]
      : ['endpoint', options.endpoint]
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // Not the text itself: it may hold a password.
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${name} is not a URL that can be used: allowed is one that begins with https:// or http://, without a user name or password in it.`,
    )
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

async function tokenOf(
  { accessToken }: CallOptions,
  environment: Readonly<Record<string, string | undefined>>,
  endpoint: string,
): Promise<HubToken> {
  if (accessToken !== undefined) {
    const given =
      typeof accessToken === 'string' ? { value: accessToken, source: 'accessToken' } : accessToken
    if (/^[\x21-\x7e]{1,4096}$/.test(given.value)) return given
    throw new ConnectorError(
      'CONFIG_INVALID',
      `What ${given.source} holds (${given.value.length} characters) cannot be a token: only visible ASCII characters ` +
        'without spaces are allowed, at most 4,096. Copy the token again.',
    )
  }
  const find = createTokenSource({ env: environment, homeDirectory: homedir(), tokenFiles: new Map() })
  return find({ name: '', identity: '', endpoint })
}

interface Connections {
  readonly dispatcher: Dispatcher
  readonly settings: HttpSettings
}

/** By what the environment says of proxies. Their connections are closed after each call, so nothing is kept open. */
const known = new Map<string, Connections>()

function connections(environment: Readonly<Record<string, string | undefined>>): Connections {
  const proxy = proxyFromEnv(environment)
  const userAgent = userAgentOf(packageVersion(), environment.HF_HUB_USER_AGENT_ORIGIN)
  const key = JSON.stringify([proxy, userAgent])
  const found = known.get(key)
  if (found !== undefined) return found
  const settings = { ...DEFAULT_TIMEOUTS, userAgent, proxy }
  const made = { dispatcher: createDispatcher(settings), settings }
  known.set(key, made)
  return made
}
