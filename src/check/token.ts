import type { WhoAmI } from '../hub/whoami.ts'

/** The permission that the export asks of a fine-grained token; the Hub has no narrower one. */
export const EXPORT_PERMISSION = 'org.auditLog.write'

const DAY_MS = 24 * 3_600_000

export type HubOrganization = NonNullable<WhoAmI['orgs']>[number]

/** The organization as whoami-v2 tells it; the Hub's names differ by more than case. */
export function organizationIn(whoAmI: WhoAmI, name: string): HubOrganization | undefined {
  return whoAmI.orgs?.find(org => org.name.toLowerCase() === name.toLowerCase())
}

/** `fine-grained token "audit" of auditor`. */
export function tokenInWords(whoAmI: WhoAmI): string {
  const { auth } = whoAmI
  const access = auth?.accessToken
  if (access === undefined) return `${auth?.type ?? 'token'} of ${whoAmI.name}`
  const kind = access.role === 'fineGrained' ? 'fine-grained' : access.role
  return `${kind} token "${access.displayName}" of ${whoAmI.name}`
}

export type Grant =
  | { readonly kind: 'granted' }
  /** Not listed, where it would have to be. */
  | { readonly kind: 'missing'; readonly instead: readonly string[] }
  /** A token that may all that its user may: its role in the organization decides. */
  | { readonly kind: 'all-of-user' }
  | { readonly kind: 'read-only' }
  /** An OAuth app, or a kind that is not known: only the export itself can tell. */
  | { readonly kind: 'untold' }

/** Whether the token has the permission that the export needs, as far as whoami-v2 tells. */
export function exportGrant(whoAmI: WhoAmI, name: string): Grant {
  const access = whoAmI.auth?.accessToken
  if (access === undefined) return { kind: 'untold' }
  switch (access.role) {
    case 'fineGrained': {
      const id = organizationIn(whoAmI, name)?.id
      const scopes = (access.fineGrained?.scoped ?? []).filter(
        ({ entity }) =>
          entity.type === 'org' && (entity._id === id || entity.name?.toLowerCase() === name.toLowerCase()),
      )
      const permissions = scopes.flatMap(scope => scope.permissions)
      if (permissions.includes(EXPORT_PERMISSION)) return { kind: 'granted' }
      return { kind: 'missing', instead: permissions }
    }
    case 'write':
    case 'god':
      return { kind: 'all-of-user' }
    case 'read':
      return { kind: 'read-only' }
    default:
      return { kind: 'untold' }
  }
}

export type Expiry =
  | { readonly kind: 'untold' }
  | { readonly kind: 'expired' | 'soon' | 'later'; readonly at: string; readonly days: number }

/** `soon` is within 14 days. */
export function expiryOf(whoAmI: WhoAmI, nowMs: number): Expiry {
  const at = whoAmI.auth?.expiresAt
  const atMs = Date.parse(at ?? '')
  if (at === undefined || Number.isNaN(atMs)) return { kind: 'untold' }
  const days = Math.floor((atMs - nowMs) / DAY_MS)
  return { kind: atMs <= nowMs ? 'expired' : days < 14 ? 'soon' : 'later', at, days }
}

/** What whoami-v2 says keeps this token out of the organization: each cause with its mend. */
export function restrictionsOf(
  organization: HubOrganization,
  settingsPage: string,
): { readonly cause: string; readonly mend: string }[] {
  return (organization.securityRestrictions ?? []).map(restriction => {
    switch (restriction) {
      case 'token-policy':
        return {
          cause: "the organization's token policy does not let this token in: its approval may be pending",
          mend: `an admin approves the token, or changes the policy, under Tokens in ${settingsPage}`,
        }
      case 'token-revoked':
        return {
          cause: 'the organization has denied or revoked this token',
          mend: `make a new token and have an admin approve it under Tokens in ${settingsPage}`,
        }
      case 'mfa':
        return {
          cause: 'the organization asks for two-factor authentication, which the user has not turned on',
          mend: 'turn it on in the user’s settings, or use the token of a service account',
        }
      case 'sso':
        return {
          cause:
            "the organization asks for its single sign-on, and this token's user has not signed in with it",
          mend: "sign in once through the organization's SSO, or use the token of a service account",
        }
      case 'ip':
        return {
          cause: 'the organization does not allow the IP address that this request came from',
          mend: `an admin adds the address that this machine has outside to the network security in ${settingsPage}`,
        }
      default:
        return {
          cause: `the Hub names a restriction that this version does not know: ${JSON.stringify(restriction)}`,
          mend: `look at ${settingsPage}`,
        }
    }
  })
}
