import { createInterface } from 'node:readline/promises'
import { invalid } from '../config.ts'

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
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw invalid([
      'there is no terminal to ask on; give --yes to do it, or --dry-run to see what would be done',
    ])
  }
  return async question => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
    } finally {
      terminal.close()
    }
  }
}
