import { createInterface } from 'node:readline/promises'
import { invalid } from '../config.ts'
import { ConnectorError } from '../errors.ts'

/**
 * Whether a person wants what they were shown: `--yes`, or a yes on the terminal. `--dry-run` is no. Without a terminal
 * and without either, it throws before anything is looked at: a script must say what it wants.
 */
export function approval(options: {
  readonly dryRun?: boolean
  readonly yes?: boolean
}): (question: string) => Promise<boolean> {
  if (options.dryRun === true) return async () => false
  if (options.yes === true) return async () => true
  if (!canAsk()) {
    throw invalid([
      'there is no terminal to ask on; give --yes to do it, or --dry-run to see what would be done',
    ])
  }
  return askYesOrNo
}

/** Whether there is a person at a terminal, who sees the question and can answer it. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/**
 * Everything but a yes is no. Ctrl-C and the end of the input are no answer: they throw `STOPPED`, so that a script in
 * which the question stands does not go on as if all were done.
 */
export async function askYesOrNo(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new Promise<undefined>(resolve => terminal.once('close', () => resolve(undefined)))
  // Rejects on Ctrl-C.
  const answered = terminal.question(`${question} [y/N] `).catch(() => undefined)
  try {
    const answer = await Promise.race([answered, ended])
    if (answer !== undefined) return /^y(es)?$/i.test(answer.trim())
    // The cursor still stands behind the question.
    process.stderr.write('\n')
    throw new ConnectorError('STOPPED', 'The question was not answered. Nothing was changed.')
  } finally {
    terminal.close()
  }
}
