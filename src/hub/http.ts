import { type Dispatcher, EnvHttpProxyAgent, Pool, request } from 'undici'
import { ConnectorError } from '../errors.ts'
import { stoppedError } from '../retry.ts'
import { proxySecrets } from '../secrets.ts'
import { ACCEPT_ENCODING } from './decode.ts'
import type { HttpMethod } from './http-method.ts'
import { networkError } from './network-error.ts'
import { headerText, type ResponseHeaders } from './rate-limit.ts'
import type { HubToken } from './token.ts'

const MAX_REDIRECTS = 5
/** What is read ahead while the reader is busy: less would stop and start the socket at every piece. */
const READ_AHEAD_BYTES = 512 * 1024

/** Proxies as URLs; empty for none. The names are those of `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. */
export interface ProxySettings {
  readonly https: string
  readonly http: string
  readonly none: string
}

export interface HttpSettings {
  readonly userAgent: string
  readonly proxy: ProxySettings
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  /** Without a byte of the body. */
  readonly bodyTimeoutMs: number
}

export interface HubResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: Dispatcher.ResponseData['body']
}

/** The proxies of the environment; lower case goes before upper case, as curl and undici have it. */
export function proxyFromEnv(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const proxyOf = (name: string): string => env[name.toLowerCase()] || env[name.toUpperCase()] || ''
  return { https: proxyOf('https_proxy'), http: proxyOf('http_proxy'), none: proxyOf('no_proxy') }
}

/** With its scheme; one without is taken for http, as curl does. */
function proxyUri(text: string): string {
  return text === '' || /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
}

/** What is in the proxies' URLs that an answer may repeat and nobody may see. */
export function proxyPasswords({ proxy }: Pick<HttpSettings, 'proxy'>): string[] {
  return proxySecrets([proxy.https, proxy.http].map(proxyUri))
}

/** Connections to the Hub, through the proxies. TLS trusts what Node trusts, so `NODE_EXTRA_CA_CERTS` is honoured. */
export function createDispatcher(settings: HttpSettings): Dispatcher {
  try {
    return new EnvHttpProxyAgent({
      httpProxy: proxyUri(settings.proxy.http),
      httpsProxy: proxyUri(settings.proxy.https),
      noProxy: settings.proxy.none,
      // One download a connection: to leave one early is to close its socket.
      allowH2: false,
      connect: { timeout: settings.connectTimeoutMs },
      connectTimeout: settings.connectTimeoutMs,
      // Of a proxy that takes the connection and never answers CONNECT: no signal reaches a request that waits for that.
      clientFactory: (origin, options) =>
        new Pool(origin, { ...options, headersTimeout: settings.connectTimeoutMs }),
    })
  } catch {
    // The cause would show the URL, which may hold a password.
    throw new ConnectorError(
      'CONFIG_INVALID',
      'HTTP_PROXY or HTTPS_PROXY is not a URL that can be used. Allowed: http://host:port, with user:password@ if need be.',
    )
  }
}

/** One request, before any redirect. */
export interface OutgoingRequest {
  readonly method: HttpMethod
  readonly url: URL
  /** Undefined: sent without an `Authorization` header. */
  readonly token: HubToken | undefined
  /** JSON text. */
  readonly body?: string | undefined
  /**
   * On a connection of its own, closed after it. A kept one may be closed by the other side in the moment in which the
   * request is sent, and then nobody knows whether it was received.
   */
  readonly ownConnection?: boolean
}

/**
 * Sends a request once. Redirects are followed on the same origin only: the token goes nowhere else. A request that may
 * change something follows those alone that keep its method and body (307, 308: RFC 9110, section 15.4).
 * Throws `HUB_UNAVAILABLE`, `HUB_REDIRECTED`, `STOPPED`.
 */
export async function sendRequest(
  dispatcher: Dispatcher,
  settings: HttpSettings,
  outgoing: OutgoingRequest,
  signal: AbortSignal,
): Promise<HubResponse> {
  let target = outgoing.url
  for (let redirects = 0; ; redirects++) {
    const response = await sendOnce(dispatcher, settings, { ...outgoing, url: target }, signal)
    if (![301, 302, 303, 307, 308].includes(response.status)) return response
    response.body.on('error', () => {}).destroy()
    target = redirectTarget(target, response)
    if (outgoing.method !== 'GET' && response.status < 307) {
      throw new ConnectorError(
        'HUB_REDIRECTED',
        `${outgoing.method} ${outgoing.url.href} was answered ${response.status}, a redirect that would turn it into ` +
          'another request. Is HF_ENDPOINT right?',
        { status: response.status },
      )
    }
    if (redirects === MAX_REDIRECTS) {
      throw new ConnectorError(
        'HUB_REDIRECTED',
        `${outgoing.url.href} redirects more than ${MAX_REDIRECTS} times. Is HF_ENDPOINT right?`,
        { status: response.status },
      )
    }
  }
}

async function sendOnce(
  dispatcher: Dispatcher,
  settings: HttpSettings,
  { method, url, token, body, ownConnection }: OutgoingRequest,
  signal: AbortSignal,
): Promise<HubResponse> {
  if (signal.aborted) throw stoppedError(signal)
  try {
    const response = await request(url, {
      dispatcher,
      method,
      signal,
      headersTimeout: settings.headersTimeoutMs,
      bodyTimeout: settings.bodyTimeoutMs,
      highWaterMark: READ_AHEAD_BYTES,
      reset: ownConnection ?? false,
      headers: {
        accept: 'application/json',
        'accept-encoding': ACCEPT_ENCODING,
        ...(token === undefined ? {} : { authorization: `Bearer ${token.value}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        'user-agent': settings.userAgent,
      },
      ...(body === undefined ? {} : { body }),
    })
    return { status: response.statusCode, headers: response.headers, body: response.body }
  } catch (error) {
    throw networkError(error, signal, `${method} ${url.href}`)
  }
}

function redirectTarget(from: URL, { status, headers }: HubResponse): URL {
  const location = headerText(headers, 'location')
  const target = location === '' ? undefined : URL.parse(location, from.href)
  if (!target) {
    throw new ConnectorError('HUB_REDIRECTED', `${from.href} redirects to nowhere. Is HF_ENDPOINT right?`, {
      status,
    })
  }
  if (target.origin !== from.origin) {
    // Not the path: it may carry what a login page was given.
    throw new ConnectorError(
      'HUB_REDIRECTED',
      `${from.href} redirects to ${target.protocol}//${target.host}, another origin, to which the token is not sent. ` +
        'If that is the Hub, set HF_ENDPOINT to it.',
      { status },
    )
  }
  target.username = ''
  target.password = ''
  target.hash = ''
  return target
}
