/** Commands that deal in tokens: there, what may be one is taken for one. */
const TOKEN_COMMANDS = ['org', 'tokens', 'sso', 'repo']
/** Its `--token` takes invented ones. */
const TAKES_TOKEN = 'simulate'
/** How the Hub's tokens begin. */
const MAYBE_TOKEN = /\b(hf_|api_org_)\w{8,}/
/** A token alone, as long as they are: not `hf_audit_production.yaml` or `secrets/hf_token`, which a file may be called. */
const TOKEN = /(?<![\w/.-])(hf_|api_org_)[A-Za-z0-9]{16,}(?![\w/.-])/

/**
 * Why these words of a command line are refused: a secret among them, which the shell's history and every user of the
 * machine (`ps`) can read. Undefined when there is none. Holds no part of the secret.
 */
export function secretAmong(words: readonly string[]): string | undefined {
  if (words[0] === TAKES_TOKEN) return undefined
  const token = TOKEN_COMMANDS.includes(words[0] ?? '') ? MAYBE_TOKEN : TOKEN
  for (const word of words) {
    const [option = ''] = word.split('=', 1)
    if (/^--?(client-?)?secret$/i.test(option))
      return 'A client secret is not taken from the command line, where others can read it. Give --client-secret-file FILE, or - for standard input.'
    if (/^--?(access-?|admin-?)?token$/i.test(option))
      return 'A token is not taken from the command line, where others can read it. Set HF_AUDIT_ADMIN_TOKEN or HF_AUDIT_ADMIN_TOKEN_FILE (for reading HF_TOKEN).'
    if (token.test(word))
      return words[0] === 'tokens'
        ? 'An argument looks like a token. Others can read the command line, so revoke it: hf-audit tokens revoke-leaked < FILE. To name a token give its name or id.'
        : 'An argument looks like a token. Others can read the command line, so revoke it: hf-audit tokens revoke-leaked < FILE.'
  }
  return undefined
}

/** What commander says of a mistake, without the value of an option that it does not know: that may be a misspelt secret's. */
export function withoutUnknownValue(text: string): string {
  return text.replace(/(unknown option '[^=']+)=[\s\S]*'/, "$1'")
}
