import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Break } from './breaks.ts'

/** What is wrong when a text to replace does not stand exactly once in its file. */
export function goneText(project: string, { edits }: Break): string | undefined {
  const texts = new Map<string, string>()
  for (const { file, from, to } of edits) {
    const text = texts.get(file) ?? readFileSync(join(project, file), 'utf8')
    const found = text.split(from).length - 1
    if (found !== 1) return `the text to replace stands ${found} times in ${file}, not once: ${from.trim()}`
    texts.set(
      file,
      text.replace(from, () => to),
    )
  }
  return undefined
}
