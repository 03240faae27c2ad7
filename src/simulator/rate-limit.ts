/** Where one token stands in its fixed window. */
export interface RateLimitStanding {
  readonly allowed: boolean
  readonly remaining: number
  readonly resetSeconds: number
}

/** Counts requests by token in fixed windows that begin with a token's first request. */
export class RateLimiter {
  readonly #windows = new Map<string, { endsAtMs: number; used: number }>()

  count(token: string, quota: number, windowSeconds: number, nowMs: number): RateLimitStanding {
    let window = this.#windows.get(token)
    if (window === undefined || nowMs >= window.endsAtMs) {
      window = { endsAtMs: nowMs + windowSeconds * 1_000, used: 0 }
      this.#windows.set(token, window)
    }
    const allowed = window.used < quota
    if (allowed) window.used += 1
    return {
      allowed,
      remaining: quota - window.used,
      resetSeconds: Math.max(1, Math.ceil((window.endsAtMs - nowMs) / 1_000)),
    }
  }
}

/** The headers as the Hub sends them (https://huggingface.co/docs/hub/rate-limits). */
export function rateLimitHeaders(
  standing: RateLimitStanding,
  quota: number,
  windowSeconds: number,
): Record<string, string> {
  return {
    ratelimit: `"api";r=${standing.remaining};t=${standing.resetSeconds}`,
    'ratelimit-policy': `"fixed window";"api";q=${quota};w=${windowSeconds}`,
  }
}
