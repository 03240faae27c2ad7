/** What decides whether a command may change something at the Hub, and by whose token. */
export interface ChangeCircumstances {
  /** HF_AUDIT_READ_ONLY. */
  readonly readOnly: boolean
  /** HF_AUDIT_ADMIN_TOKEN is set. */
  readonly hasAdminToken: boolean
  /** The Hub asks for no token here. */
  readonly needsNoToken: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  /** A person can be asked. */
  readonly terminal: boolean
}

export type ChangePermission =
  /** With the words that say why, and how to mend it. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Only what would be sent. */
  | { readonly kind: 'shown' }
  /** `offer-other-token`: a person decides first whether the token that reads may serve. */
  | { readonly kind: 'allowed'; readonly token: 'none' | 'admin' | 'offer-other-token' }

/**
 * A change takes HF_AUDIT_ADMIN_TOKEN: the token that reads the log should not be able to change anything. That one
 * serves only where a person at a terminal says so; `--yes` is no answer to that question. A dry run sends nothing, so
 * it is never refused.
 */
export function changePermission(circumstances: ChangeCircumstances): ChangePermission {
  const { readOnly, hasAdminToken, needsNoToken, dryRun, yes, terminal } = circumstances
  if (dryRun) return { kind: 'shown' }
  if (readOnly) {
    return refused(
      'HF_AUDIT_READ_ONLY is true, so nothing is changed at the Hub from here. Unset it where changes are wanted; --dry-run shows the request all the same',
    )
  }
  const token = needsNoToken ? 'none' : hasAdminToken ? 'admin' : 'offer-other-token'
  if (token === 'offer-other-token' && !terminal) {
    return refused(
      'HF_AUDIT_ADMIN_TOKEN is not set, and a change takes no other token without a terminal to ask on. Set it, or HF_AUDIT_ADMIN_TOKEN_FILE; --dry-run shows the request without a token',
    )
  }
  if (!yes && !terminal) {
    return refused('there is no terminal to ask on; give --yes to do it, or --dry-run to see the request')
  }
  return { kind: 'allowed', token }
}

function refused(reason: string): ChangePermission {
  return { kind: 'refused', reason }
}
