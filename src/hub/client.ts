import type { Readable } from 'node:stream'
import { ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import type { Logger } from '../log.ts'
import type { AuditLogExport, ExportElement, Hub } from '../ports.ts'
import { sleep, stoppedError } from '../retry.ts'
import { type ByteCounts, decodedChunks } from './decode.ts'
import { createDispatcher, type HttpSettings, type HubResponse, proxyPasswords, sendRequest } from './http.ts'
import { splitJsonArray } from './json-array.ts'
import { bodyCodings, jsonBody } from './json-body.ts'
import { bodyError } from './network-error.ts'
import { headerText, parseQuota, RateLimiter, type ResponseHeaders } from './rate-limit.ts'
import { type Asked, commonMends, exportMends, type Mends, responseError } from './response-error.ts'
import type { HubToken, TokenOf } from './token.ts'
import { type WhoAmI, whoAmISchema } from './whoami.ts'

export interface HubDependencies {
  readonly tokenOf: TokenOf
  readonly now: () => number
  readonly log: Logger
  /** Told of every answer, of whatever status: what the preflight compares the clock with. */
  readonly onAnswer?: (answer: { sentAtMs: number; receivedAtMs: number; headers: ResponseHeaders }) => void
}

/** The Hub, with what the enterprise and preflight commands ask beside the port. */
export interface PollingHub extends Hub {
  /**
   * As the port has it. With a `condition` the Hub is asked to leave out what does not satisfy it: one of
   * `author:<user>`, `ip:<address>` and `type:<event type>`.
   */
  exportAuditLog(organization: Organization, signal: AbortSignal, condition?: string): Promise<AuditLogExport>
  /** Who the organization's token belongs to. One attempt. Throws like `exportAuditLog`. */
  whoAmI(organization: Organization, signal: AbortSignal): Promise<WhoAmI>
  /**
   * When the organization's token expires, epoch milliseconds, as the Hub said when the token's user was asked for;
   * undefined where it said nothing or was not asked. Asks nobody.
   */
  tokenExpiresAtMs(organization: Organization): Promise<number | undefined>
}

const WHO_AM_I_PATH = '/api/whoami-v2'
const MAX_WHO_AM_I_BYTES = 1024 * 1024
const WHO_AM_I_TIMEOUT_MS = 10_000
/** The endpoint is strict on rate, so a failure is not asked again sooner. */
const WHO_AM_I_RETRY_MS = 60 * 60 * 1000
/** Users of so many tokens are remembered: rotated ones are forgotten in their order. */
const MAX_REMEMBERED_USERS = 1000

/** Whom a token belongs to, and until when. */
interface TokenUser {
  readonly id: string
  readonly expiresAtMs: number | undefined
}

export const DEFAULT_TIMEOUTS = {
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 60_000,
  bodyTimeoutMs: 30_000,
} as const

/** `hf-audit-connector/<version>; node/<version>`, and the origin that huggingface_hub lets its users add. */
export function userAgentOf(version: string, origin: string | undefined): string {
  const shownOrigin = origin?.replace(/[^\x21-\x7e]+/g, ' ').trim()
  const agent = `hf-audit-connector/${version}; node/${process.versions.node}`
  return shownOrigin ? `${agent}; origin/${shownOrigin}` : agent
}

export function createPollingHub(settings: HttpSettings, dependencies: HubDependencies): PollingHub {
  const { tokenOf, now, log, onAnswer } = dependencies
  const dispatcher = createDispatcher(settings)
  const passwords = proxyPasswords(settings)
  const limiter = new RateLimiter()
  const closing = new AbortController()
  const users = new Map<string, { user: Promise<TokenUser | undefined>; askAgainAtMs: number }>()

  async function get(
    organization: Organization,
    path: string,
    mendsOf: (token: HubToken) => Mends,
    signal: AbortSignal,
  ): Promise<[HubResponse, Asked]> {
    const token = await tokenInUse(tokenOf, organization)
    const url = new URL(organization.endpoint + path)
    const secrets = [token.value, ...passwords]
    const asked = { method: 'GET', url, secrets, mends: mendsOf(token) } as const
    let waitMs = limiter.reserveMs(token.value, now())
    while (waitMs > 0) {
      log.info(
        { organization: organization.name, waitMs: Math.ceil(waitMs) },
        "waiting for the Hub's rate limit",
      )
      await sleep(waitMs, signal)
      waitMs = limiter.blockedMs(token.value, now())
    }
    const sentAtMs = now()
    const response = await sendRequest(dispatcher, settings, { method: 'GET', url, token }, signal)
    onAnswer?.({ sentAtMs, receivedAtMs: now(), headers: response.headers })
    // whoami-v2 has a stricter limit of its own, which says nothing about exports.
    const isExport = path !== WHO_AM_I_PATH
    if (isExport) limiter.told(token.value, parseQuota(response.headers, now()), now())
    if (response.status === 200) return [response, asked]
    const error = await responseError(response, asked, now())
    if (error.code === 'HUB_RATE_LIMITED' && isExport)
      limiter.block(token.value, error.retryAfterMs ?? 0, now())
    throw error
  }

  async function exportAuditLog(
    organization: Organization,
    signal: AbortSignal,
    condition?: string,
  ): Promise<AuditLogExport> {
    const either = AbortSignal.any([signal, closing.signal])
    const mendsOf = (token: HubToken): Mends => exportMends(organization, token)
    const search = condition === undefined ? '' : `?q=${encodeURIComponent(condition)}`
    const [response, asked] = await get(organization, exportPath(organization) + search, mendsOf, either)
    return openExport(response, asked, now(), either)
  }

  async function whoAmI(organization: Organization, signal: AbortSignal): Promise<WhoAmI> {
    const either = AbortSignal.any([signal, closing.signal])
    const [response, asked] = await get(organization, WHO_AM_I_PATH, commonMends, either)
    const parsed = whoAmISchema.safeParse(await jsonBody(response, asked, MAX_WHO_AM_I_BYTES, either))
    if (parsed.success) return parsed.data
    const where = parsed.error.issues.map(issue => issue.path.join('.')).join(', ')
    throw new ConnectorError(
      'HUB_BODY_BROKEN',
      `GET ${asked.url.href} was answered in another form than known (at ${where}).`,
    )
  }

  async function askUser(organization: Organization): Promise<TokenUser | undefined> {
    try {
      const { id, auth } = await whoAmI(organization, AbortSignal.timeout(WHO_AM_I_TIMEOUT_MS))
      const expiresAtMs = Date.parse(auth?.expiresAt ?? '')
      return { id, expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.debug({ organization: organization.name, reason }, "the token's user is not known")
      return undefined
    }
  }

  async function ownUserId(organization: Organization, signal: AbortSignal): Promise<string | undefined> {
    const token = await tokenInUse(tokenOf, organization).catch(() => undefined)
    if (token === undefined || signal.aborted) return undefined
    const key = userKey(organization, token)
    let user = users.get(key)
    if (user === undefined || user.askAgainAtMs <= now()) {
      const asking = { user: askUser(organization), askAgainAtMs: now() + WHO_AM_I_RETRY_MS }
      asking.user.then(known => {
        if (known !== undefined) asking.askAgainAtMs = Number.POSITIVE_INFINITY
      })
      users.delete(key)
      users.set(key, asking)
      if (users.size > MAX_REMEMBERED_USERS) users.delete(users.keys().next().value!)
      user = asking
    }
    return (await unlessAborted(user.user, signal))?.id
  }

  async function tokenExpiresAtMs(organization: Organization): Promise<number | undefined> {
    const token = await tokenInUse(tokenOf, organization).catch(() => undefined)
    if (token === undefined) return undefined
    return (await users.get(userKey(organization, token))?.user)?.expiresAtMs
  }

  return {
    exportAuditLog,
    whoAmI,
    ownUserId,
    tokenExpiresAtMs,
    async close() {
      closing.abort(new Error('the Hub client was closed'))
      await dispatcher.destroy()
    },
  }
}

/** While polling, a token that is gone blocks its organization; only at the start it is a matter of configuration. */
async function tokenInUse(tokenOf: TokenOf, organization: Organization): Promise<HubToken> {
  try {
    return await tokenOf(organization)
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'CONFIG_INVALID') throw error
    throw new ConnectorError('HUB_UNAUTHORIZED', error.message, { cause: error })
  }
}

function userKey({ endpoint }: Organization, token: HubToken): string {
  return `${endpoint} ${token.value}`
}

function exportPath({ name }: Organization): string {
  const segment = encodeURIComponent(name)
  // The URL's own rules would take these for a step up.
  if (segment === '' || segment === '.' || segment === '..') {
    throw new ConnectorError('CONFIG_INVALID', `${JSON.stringify(name)} is not an organization's name.`)
  }
  return `/api/organizations/${segment}/audit-log/export`
}

/** Throws `HUB_BODY_BROKEN` when the body can be no export. */
export function openExport(
  response: HubResponse,
  asked: Pick<Asked, 'method' | 'url'>,
  receivedAtMs: number,
  signal: AbortSignal,
): AuditLogExport {
  const { headers, body } = response
  // The error comes to whoever reads; nobody may be reading yet, or any more.
  body.on('error', () => {})
  const counts: ByteCounts = { wire: 0, body: 0 }
  try {
    return {
      receivedAtMs,
      elements: exportElements(
        body,
        bodyCodings(response, asked),
        counts,
        signal,
        `${asked.method} ${asked.url.href}`,
      ),
      wireBytes: () => counts.wire,
      bodyBytes: () => counts.body,
      expectedWireBytes: contentLength(headerText(headers, 'content-length')),
    }
  } catch (error) {
    body.destroy()
    throw error
  }
}

async function* exportElements(
  body: Readable,
  codings: readonly string[],
  counts: ByteCounts,
  signal: AbortSignal,
  what: string,
): AsyncGenerator<readonly ExportElement[], void, void> {
  try {
    for await (const elements of splitJsonArray(decodedChunks(body, codings, counts))) {
      if (signal.aborted) throw stoppedError(signal)
      yield elements
    }
  } catch (error) {
    throw bodyError(error, signal, what)
  } finally {
    body.destroy()
  }
  // An abort that comes with the last byte may have cut the body short without an error.
  if (signal.aborted) throw stoppedError(signal)
}

function contentLength(header: string): number | undefined {
  return /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

/** The value, or undefined as soon as the signal is aborted. */
function unlessAborted<T>(value: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise(resolve => {
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    value.then(known => {
      signal.removeEventListener('abort', onAbort)
      resolve(known)
    })
  })
}
