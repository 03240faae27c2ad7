/** Commands that deal in tokens. (`simulate --token` takes invented ones.) */
const COMMANDS = ['org', 'tokens', 'sso', 'repo']
/** How the Hub's tokens begin. */
const TOKEN = /\b(hf_|api_org_)\w{8,}/

/**
 * Why these words of a command line are refused: a secret among them, which the shell's history and every user of the
 * machine (`ps`) can read. Undefined when there is none. Holds no part of the secret.
 */
export function secretAmong(words: readonly string[]): string | undefined {
  if (!COMMANDS.includes(words[0] ?? '')) return undefined
  for (const word of words) {
    const [option = ''] = word.split('=', 1)
    if (/^--?(client-?)?secret$/i.test(option))
      return 'A client secret is not taken from the command line, where others can read it. Give --client-secret-file FILE, or - for standard input.'
    if (/^--?(access-?|admin-?)?token$/i.test(option))
      return 'A token is not taken from the command line, where others can read it. Set HF_AUDIT_ADMIN_TOKEN or HF_AUDIT_ADMIN_TOKEN_FILE (for reading HF_TOKEN).'
    if (TOKEN.test(word))
      return words[0] === 'tokens'
        ? 'An argument looks like a token. Others can read the command line, so revoke it: hf-audit tokens revoke-leaked < FILE. To name a token give its name or id.'
        : 'An argument looks like a token. Others can read the command line, so revoke it: hf-audit tokens revoke-leaked < FILE.'
  }
  return undefined
}
