import type { Mends } from '../response-error.ts'

export interface MendFacts {
  /** What the call wants to do, to follow "may not": `list the members of acme`. */
  readonly action: string
  /** What a token needs for it, beside being valid. */
  readonly needs: string
  /** What may be unknown, for a 404: `organization acme, or no member jdoe in it`. */
  readonly subject: string
  /** The plan that the Hub's document names. */
  readonly plan?: string
  /** What the call knows of other answers, by status: a sentence. */
  readonly other?: Mends
  readonly tokenSource: string | undefined
  readonly endpoint: string
}

/** What the answers to a call mean for the person who made it. */
export function callMends({ action, needs, subject, plan, other, tokenSource, endpoint }: MendFacts): Mends {
  const token = tokenSource === undefined ? 'The request' : `The token from ${tokenSource}`
  return {
    400: 'The Hub does not take these values: see its words.',
    401:
      tokenSource === undefined
        ? 'This call needs no token, but something in between asks for one: check HF_ENDPOINT and HTTPS_PROXY.'
        : `${token} is wrong, expired or revoked: put a valid one there.`,
    402: `To ${action} needs ${plan ?? 'a Team or Enterprise plan'}, which the organization seems not to have.`,
    403:
      `${token} may not ${action}: ${needs}. Where the organization approves tokens, an admin must have approved ` +
      'this one and not have revoked it since.',
    404: `There is no ${subject} at ${endpoint}, or ${tokenSource === undefined ? 'it is hidden' : `the token from ${tokenSource} cannot see it`}: check the names and HF_ENDPOINT.`,
    409: 'It conflicts with what is there already, or with a change that somebody else is making: look, and try again.',
    422: 'The Hub does not take these values: see its words.',
    429:
      tokenSource === undefined
        ? 'Too many requests.'
        : `Too many requests with the token from ${tokenSource}.`,
    ...other,
  }
}
