import { run } from 'node:test'

/**
 * The names of the tests that fail there; of a suite only what is in it. A broken program may hang: that is noticed too,
 * when the time is over.
 */
export async function failedTests(
  folder: string,
  files: readonly string[],
  only: readonly string[] | undefined,
  maxMinutes: number,
): Promise<string[]> {
  const failed: string[] = []
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), maxMinutes * 60_000)
  const events = run({
    cwd: folder,
    files: files.map(file => `${folder}/${file}`),
    concurrency: 1,
    forceExit: false,
    execArgv: ['--test-force-exit'],
    signal: stop.signal,
    ...(only !== undefined && { testNamePatterns: only.map(name => new RegExp(escaped(name))) }),
  })
  events.on('test:fail', ({ name, details }) => {
    const isOfParts = (details.error as { failureType?: string }).failureType === 'subtestsFailed'
    if (!isOfParts) failed.push(name.startsWith(folder) ? name.slice(folder.length + 1) : name)
  })
  for await (const _ of events);
  clearTimeout(timer)
  if (stop.signal.aborted) failed.push(`not at its end after ${Math.round(maxMinutes)} minutes`)
  return failed
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
