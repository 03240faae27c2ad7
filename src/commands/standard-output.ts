import { once } from 'node:events'
import { stoppedError } from '../retry.ts'
import { plainText } from './table.ts'

const WRITE_CHARACTERS = 64 * 1024

/** Columns of the terminal that stdout is; undefined when it is none. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY === true ? process.stdout.columns : undefined
}

/** Writes lines to stdout. Waits for a slow reader: what is printed must not pile up in memory. */
export async function printLines(lines: Iterable<string>, signal: AbortSignal): Promise<void> {
  let text = ''
  const flush = async (): Promise<void> => {
    if (signal.aborted) throw stoppedError(signal)
    try {
      if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain', { signal })
    } catch (error) {
      throw signal.aborted ? stoppedError(signal) : error
    }
    text = ''
  }
  for (const line of lines) {
    text += line
    if (text.length >= WRITE_CHARACTERS) await flush()
  }
  await flush()
}

/** For the person who asks, on stderr beside the answer. */
export function tell(sentence: string): void {
  process.stderr.write(`hf-audit: ${plainText(sentence)}\n`)
}
