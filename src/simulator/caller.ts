import type { HubState } from './hub-state.ts'
import type { Caller } from './organization/access.ts'

/**
 * Who a bearer token stands for. Undefined: nobody, because it died, expired, or is not the `only` one that is
 * accepted beside those of service accounts.
 */
export function callerOf(state: HubState, token: string, only: string | undefined): Caller | undefined {
  const found = state.tokens.find(token)
  if (found === 'dead') return undefined
  if (found === undefined) return only === undefined || only === token ? { kind: 'user' } : undefined
  const nowMs = state.timeMs(state.log(found.organization.name))
  if (found.token.expirationMs !== undefined && found.token.expirationMs <= nowMs) return undefined
  found.token.lastUsedAtMs = nowMs
  return { kind: 'service-account', ...found }
}
