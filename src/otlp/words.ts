import { withoutSecrets } from '../secrets.ts'

/** What is kept of an endpoint's words. */
const MAX_CHARACTERS = 500

/**
 * A function that makes words of a server fit for a log: one line without control characters, cut, and without any of
 * the secrets, which some servers repeat in their errors.
 */
export function wordsWithout(secrets: readonly string[]): (text: string) => string {
  const redacted = withoutSecrets(secrets, '***')
  return text => {
    // Control, format (bidirectional marks and the like), private and unassigned characters; line separators.
    const plain = text
      .toWellFormed()
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .trim()
    const safe = redacted(plain)
    return safe.length <= MAX_CHARACTERS ? safe : `${safe.slice(0, MAX_CHARACTERS).toWellFormed()}…`
  }
}
