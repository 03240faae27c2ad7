/** What is kept of an endpoint's words. */
const MAX_CHARACTERS = 500
/** Shorter secrets are found only where they stand alone: a tenant "1" must not blacken every number. */
const SHORT_SECRET = 4
/** `Bearer` of `Bearer abc` is no secret, `abc` is; shorter parts are taken as words. */
const SHORT_PART = 8

/**
 * A function that makes words of a server fit for a log: one line without control characters, cut, and without any of
 * the secrets, which some servers repeat in their errors.
 */
export function wordsWithout(secrets: readonly string[]): (text: string) => string {
  const patterns = [...new Set(secrets.flatMap(formsOf))]
    .filter(secret => secret !== '')
    .sort((a, b) => b.length - a.length)
    .map(secret => {
      const escaped = secret.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
      return secret.length < SHORT_SECRET ? `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])` : escaped
    })
  const secret = patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'gu')
  return text => {
    // Control, format (bidirectional marks and the like), private and unassigned characters; line separators.
    const plain = text
      .toWellFormed()
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .trim()
    const safe = secret === undefined ? plain : plain.replace(secret, '***')
    return safe.length <= MAX_CHARACTERS ? safe : `${safe.slice(0, MAX_CHARACTERS).toWellFormed()}…`
  }
}

function formsOf(secret: string): string[] {
  const parts = secret.split(/\s+/).filter(part => part.length >= SHORT_PART)
  return [secret, ...parts].flatMap(text => [
    text,
    text.replace(/\s+/g, ' ').trim(),
    encodeURIComponent(text),
  ])
}
