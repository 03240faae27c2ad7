/** What is wrong with a file, to stand after its name. */
export function wordsOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  return code === undefined ? (error as Error).message : `cannot be read (${code})`
}
