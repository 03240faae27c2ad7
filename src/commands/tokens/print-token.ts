import { jsonText } from '../json-text.ts'
import { plainText } from '../table.ts'

/** A token that was just made: as the Hub answers it. */
export interface NewTokenAnswer {
  readonly token: string
  readonly tokenInfo: object
}

/**
 * Prints a new token, which nobody can ask for again: on standard output and nowhere else, alone there or as one JSON
 * object. What is to be known of it comes before, on stderr, so that a token that could not be written can be revoked.
 */
export function printToken(answer: NewTokenAnswer, words: string, json: boolean): void {
  const { _id } = answer.tokenInfo as { _id?: unknown }
  const id = typeof _id === 'string' ? ` (id ${_id})` : ''
  process.stderr.write(
    `${plainText(words + id)}. Its value is on standard output; nobody can read it again.\n`,
  )
  process.stdout.write(json ? `${jsonText(answer)}\n` : `${answer.token}\n`, error => {
    if (!error) return
    // Elsewhere a closed pipe says "enough", and ends a command well. Here it loses what was just made.
    process.stderr.write(
      `hf-audit: the value could not be written and is lost. Rotate the token${id} again, or revoke it.\n`,
    )
    process.exit(1)
  })
}
