/** The Hub takes no longer one (`maxLength` in its document). */
const MAX_TOKEN_LENGTH = 200

/**
 * Raw tokens, one a line: blank lines are left out, and each counts once. Mistakes name the line and quote nothing of
 * it. https://huggingface.co/.well-known/openapi.json, POST /api/credentials/revoke
 */
export function leakedTokens(text: string): {
  readonly tokens: readonly string[]
  readonly mistakes: readonly string[]
} {
  const tokens = new Set<string>()
  const mistakes: string[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const token = line.trim()
    if (token === '') continue
    if (/^[\x21-\x7e]+$/.test(token) && token.length <= MAX_TOKEN_LENGTH) tokens.add(token)
    else
      mistakes.push(
        `line ${index + 1} of standard input (${token.length} characters) cannot be a token: allowed are up to ${MAX_TOKEN_LENGTH} visible ASCII characters without spaces, one token a line`,
      )
  }
  return { tokens: [...tokens], mistakes }
}
