import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** How many values the embedded journal holds, read beside the process that writes it; 0 while there is none. */
export function journalRows(directory: string): number {
  const path = join(directory, 'journal.db')
  if (!existsSync(path)) return 0
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    return Number(database.prepare('SELECT max(position) AS rows FROM entry').get()?.rows ?? 0)
  } catch {
    // It is being made.
    return 0
  }
}

/** The files of a directory, at any depth, that hold this text. */
export function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => {
    const path = join(directory, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}
