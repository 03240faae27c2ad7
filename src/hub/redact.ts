import { withoutSecrets } from '../secrets.ts'

/** Shorter ends of a text are not taken for the beginning of a secret. */
const MIN_PARTIAL_LENGTH = 4

/**
 * A server's words, fit to be shown: without the secrets (a server or a proxy may echo them), without anything that
 * looks like a token, without control characters, on one line and not longer than `maxLength`.
 */
export function shownText(text: string, secrets: readonly string[], maxLength: number): string {
  const line = redact(text, secrets)
    .replace(/\s+/g, ' ')
    // C0 and C1 controls, format characters (they can reorder what a terminal shows), lone surrogates.
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .trim()
  const safe = redact(line, secrets)
  return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe
}

function redact(text: string, secrets: readonly string[]): string {
  return withoutCutSecret(withoutSecrets(secrets, '[redacted]')(text), secrets)
    .replace(/\b(hf_|api_org_)\w{8,}/g, '[redacted]')
    .replace(/\b(bearer|basic)\s+[^\s"',;]{12,}/gi, '$1 [redacted]')
}

/** A text that was cut may end within a secret. */
function withoutCutSecret(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= MIN_PARTIAL_LENGTH; length--) {
      if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}[redacted]`
    }
  }
  return text
}
