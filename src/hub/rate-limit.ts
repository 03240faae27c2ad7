import { boundedWaitMs } from '../retry.ts'

/**
 * The Hub's quota: `RateLimit: "api";r=496;t=246` and `RateLimit-Policy: "fixed window";"api";q=500;w=300`
 * (https://huggingface.co/docs/hub/rate-limits, draft-ietf-httpapi-ratelimit-headers-09). Earlier drafts and the
 * `ratelimit-remaining` family are understood too, for Hubs behind gateways.
 */
export interface Quota {
  /** Requests left in the present window. */
  readonly remaining: number
  /** Until the window ends. */
  readonly resetMs: number
  /** Requests a window; undefined when not told. */
  readonly limit: number | undefined
}

/** Header names in lower case, as undici gives them. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

/** The tightest quota that the headers tell of; undefined when they tell of none that can be understood. */
export function parseQuota(headers: ResponseHeaders, nowMs: number): Quota | undefined {
  const policy = parseItems(headerText(headers, 'ratelimit-policy'))[0]
  const limit = policy?.get('q')
  const quotas: Quota[] = []
  for (const item of parseItems(headerText(headers, 'ratelimit'))) {
    const quota = quotaOf(item.get('r'), item.get('t') ?? policy?.get('w'), limit)
    if (quota) quotas.push(quota)
  }
  if (quotas.length === 0) {
    const draft7 = new Map(parseItems(headerText(headers, 'ratelimit')).flatMap(item => [...item]))
    const told = (name: string): number | undefined =>
      draft7.get(name) ??
      leadingNumber(headerText(headers, `ratelimit-${name}`)) ??
      leadingNumber(headerText(headers, `x-ratelimit-${name}`))
    const quota = quotaOf(told('remaining'), secondsFromNow(told('reset'), nowMs), told('limit') ?? limit)
    if (quota) quotas.push(quota)
  }
  return quotas.reduce<Quota | undefined>((a, b) => (a && spacingMs(a) >= spacingMs(b) ? a : b), undefined)
}

export function headerText(headers: ResponseHeaders, name: string): string {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : (value ?? '')
}

function quotaOf(remaining?: number, resetSeconds?: number, limit?: number): Quota | undefined {
  if (remaining === undefined || resetSeconds === undefined) return undefined
  return { remaining: Math.max(0, Math.floor(remaining)), resetMs: boundedWaitMs(resetSeconds * 1000), limit }
}

/** The numeric parameters of each comma-separated item of a structured header; anything else is passed over. */
function parseItems(header: string): Map<string, number>[] {
  const withoutNames = header.replace(/"[^"]*"/g, '')
  return withoutNames.split(',').map(item => {
    const parameters = new Map<string, number>()
    for (const parameter of item.split(';')) {
      const equals = parameter.indexOf('=')
      const value = equals < 0 ? undefined : numberOf(parameter.slice(equals + 1))
      if (value !== undefined) parameters.set(parameter.slice(0, equals).trim().toLowerCase(), value)
    }
    return parameters
  })
}

function numberOf(text: string): number | undefined {
  return /^\s*-?\d{1,15}(\.\d{1,9})?\s*$/.test(text) ? Number(text) : undefined
}

function leadingNumber(header: string): number | undefined {
  return numberOf(header.split(/[,;]/, 1)[0] ?? '')
}

/** Some gateways tell the reset as a point in time instead of seconds from now. */
function secondsFromNow(reset: number | undefined, nowMs: number): number | undefined {
  if (reset === undefined || reset < 1e9) return reset
  return (reset > 1e12 ? reset - nowMs : reset * 1000 - nowMs) / 1000
}

/** Below this share of the limit (or number of requests, when the limit is not known) the rest is spread out. */
const LOW_SHARE = 0.1
const LOW_REMAINING = 10

/** How far apart requests should be so that the rest lasts until the window ends; 0 while there is plenty. */
function spacingMs(quota: Quota): number {
  const low = Math.max(LOW_REMAINING, (quota.limit ?? 0) * LOW_SHARE)
  return quota.remaining > low ? 0 : quota.resetMs / (quota.remaining + 1)
}

interface TokenState {
  spacingMs: number
  /** The next free place, unless the window ends earlier. */
  nextAtMs: number
  resetAtMs: number
  /** After a 429. */
  blockedUntilMs: number
}

/**
 * When requests may go, for each token: organizations that share one wait together. Holds no timer, and what it knows
 * ends with the window.
 */
export class RateLimiter {
  readonly #states = new Map<string, TokenState>()

  /** Takes the next free place and returns how long it is until then: between 0 and an hour. */
  reserveMs(token: string, nowMs: number): number {
    const state = this.#states.get(token)
    if (state === undefined) return 0
    if (state.resetAtMs <= nowMs) state.spacingMs = state.nextAtMs = 0
    const atMs = Math.max(Math.min(state.nextAtMs, state.resetAtMs), state.blockedUntilMs, nowMs)
    state.nextAtMs = atMs + state.spacingMs
    return boundedWaitMs(atMs - nowMs)
  }

  /** How long a 429 still keeps everybody with this token waiting. */
  blockedMs(token: string, nowMs: number): number {
    return boundedWaitMs((this.#states.get(token)?.blockedUntilMs ?? 0) - nowMs)
  }

  /** Takes in what a response told. */
  told(token: string, quota: Quota | undefined, nowMs: number): void {
    if (quota === undefined) return
    const state = this.#state(token, nowMs)
    state.spacingMs = spacingMs(quota)
    state.resetAtMs = nowMs + quota.resetMs
    // Places that are taken already stay taken.
    state.nextAtMs = state.spacingMs === 0 ? 0 : Math.max(state.nextAtMs, nowMs + state.spacingMs)
  }

  /** A 429: nobody with this token before then. */
  block(token: string, forMs: number, nowMs: number): void {
    const state = this.#state(token, nowMs)
    state.blockedUntilMs = Math.max(state.blockedUntilMs, nowMs + boundedWaitMs(forMs))
  }

  #state(token: string, nowMs: number): TokenState {
    const known = this.#states.get(token)
    if (known !== undefined) return known
    // Tokens are rotated: those of which nothing is left to say are forgotten.
    for (const [other, state] of this.#states) {
      if (Math.max(state.resetAtMs, state.blockedUntilMs) <= nowMs) this.#states.delete(other)
    }
    const state = { spacingMs: 0, nextAtMs: 0, resetAtMs: 0, blockedUntilMs: 0 }
    this.#states.set(token, state)
    return state
  }
}
