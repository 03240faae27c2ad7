import { readFile } from 'node:fs/promises'
import { password } from '@clack/prompts'
import { ConnectorError } from '../errors.ts'

const MAX_INPUT_BYTES = 1024 * 1024

/**
 * The text of a file, or of standard input for `-`. Throws `CONFIG_INVALID`, which quotes nothing of it, nor the name: it
 * may be the secret itself, given by mistake.
 */
export async function readInput(path: string, option: string): Promise<string> {
  if (path === '-') return readStandardInput(option)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw mistake(`The file that ${option} names cannot be read (${code}).`)
  }
  if (text.length <= MAX_INPUT_BYTES) return text
  throw mistake(`The file that ${option} names is larger than 1 MiB.`)
}

/** Everything up to its end. */
export async function readStandardInput(what: string): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_INPUT_BYTES) throw mistake(`${what}: standard input is larger than 1 MiB.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Asks for a secret on the terminal, which shows nothing of it. Throws `STOPPED` on Ctrl-C and at the end of the input. */
export async function askSecret(message: string): Promise<string> {
  // Ctrl-D closes the input, and the question would wait for ever.
  const ended = new AbortController()
  const endOnCtrlD = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === 'd') ended.abort()
  }
  const end = () => ended.abort()
  process.stdin.on('keypress', endOnCtrlD).once('end', end)
  try {
    const entered = await password({ message, mask: '•', output: process.stderr, signal: ended.signal })
    if (typeof entered === 'string') return entered
  } finally {
    process.stdin.off('keypress', endOnCtrlD).off('end', end)
  }
  throw new ConnectorError('STOPPED', 'Nothing was sent.')
}

function mistake(message: string): ConnectorError {
  return new ConnectorError('CONFIG_INVALID', message)
}
