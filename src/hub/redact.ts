/** Shorter ends of a text are not taken for the beginning of a token. */
const MIN_PARTIAL_LENGTH = 4

/**
 * A server's words, fit to be shown: without the token (a server may echo it), without anything that looks like one,
 * without control characters, on one line and not longer than `maxLength`.
 */
export function shownText(text: string, token: string, maxLength: number): string {
  const line = redact(text, token)
    .replace(/\s+/g, ' ')
    // C0 and C1 controls, format characters (they can reorder what a terminal shows), lone surrogates.
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .trim()
  const safe = redact(line, token)
  return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe
}

function redact(text: string, token: string): string {
  let safe = text
  if (token !== '') {
    safe = safe.replaceAll(token, '[redacted]')
    // A text that was cut may end within the token.
    for (let length = token.length - 1; length >= MIN_PARTIAL_LENGTH; length--) {
      if (safe.endsWith(token.slice(0, length))) return `${safe.slice(0, -length)}[redacted]`
    }
  }
  return safe
    .replace(/\b(hf_|api_org_)\w{8,}/g, '[redacted]')
    .replace(/\b(bearer|basic)\s+[^\s"',;]{12,}/gi, '$1 [redacted]')
}
