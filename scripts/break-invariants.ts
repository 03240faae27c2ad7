import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Break, breaks } from './break-invariants/breaks.ts'
import { failedTests } from './break-invariants/failed-tests.ts'
import { goneText } from './break-invariants/gone-text.ts'

/**
 * `npm run break`: breaks each invariant on purpose in a copy of the project and runs the tests that are to notice. A
 * break that no test notices, or whose text is no longer in the sources, fails the run. `-- --fast`: only those that
 * need no server. `-- <words>`: only breaks whose name or invariant holds the words.
 */

const MAX_MINUTES = 30
/** How much longer broken tests may take than whole ones. */
const PATIENCE_FACTOR = 5
const LEAST_MINUTES = 6

const COPIED = ['src', 'test', 'schemas', 'docker', 'scripts', 'package.json', 'tsconfig.json', 'README.md']

function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'hf-audit-break-'))
  for (const name of COPIED) cpSync(name, join(copy, name), { recursive: true })
  // The servers that were fetched once are used again.
  mkdirSync('.cache', { recursive: true })
  for (const name of ['node_modules', '.cache']) symlinkSync(join(process.cwd(), name), join(copy, name))
  return copy
}

/** Makes the replacements; returns how to take them back. */
function applyTo(copy: string, { edits }: Break): () => void {
  const originals = new Map<string, string>()
  for (const { file, from, to } of edits) {
    const path = join(copy, file)
    const text = readFileSync(path, 'utf8')
    if (!originals.has(path)) originals.set(path, text)
    writeFileSync(
      path,
      text.replace(from, () => to),
    )
  }
  return () => {
    for (const [path, text] of originals) writeFileSync(path, text)
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { fast: { type: 'boolean' } },
    allowPositionals: true,
  })
  const words = positionals.join(' ')
  const chosen = breaks.filter(
    ({ name, invariant, needsServer }) =>
      `${invariant}: ${name}`.includes(words) && !(values.fast === true && needsServer === true),
  )
  if (chosen.length === 0) throw new Error(`no break is called "${words}"`)

  const copy = copyProject()
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }))
  const survivors: string[] = []
  const unbroken = new Map<string, { readonly failed: readonly string[]; readonly minutes: number }>()
  for (const one of chosen) {
    const { name, invariant, tests, only } = one
    const gone = goneText(copy, one)
    if (gone !== undefined) {
      survivors.push(name)
      console.log(`?  ${invariant}: ${name}\n     ${gone}`)
      continue
    }
    const runKey = JSON.stringify([tests, only])
    if (!unbroken.has(runKey)) {
      const startedAt = performance.now()
      const failed = await failedTests(copy, tests, only, MAX_MINUTES)
      unbroken.set(runKey, { failed, minutes: (performance.now() - startedAt) / 60_000 })
    }
    const before = unbroken.get(runKey)!
    if (before.failed.length > 0) {
      survivors.push(name)
      console.log(`?  ${invariant}: ${name}\n     its tests fail without it: ${before.failed.join('; ')}`)
      continue
    }
    const takeBack = applyTo(copy, one)
    const maxMinutes = Math.max(LEAST_MINUTES, PATIENCE_FACTOR * before.minutes)
    const failed = await failedTests(copy, tests, only, maxMinutes)
    takeBack()
    if (failed.length === 0) survivors.push(name)
    const verdict = failed.length === 0 ? 'SURVIVED' : failed.map(test => `\n     ✖ ${test}`).join('')
    console.log(`${failed.length === 0 ? '✖' : '✔'}  ${invariant}: ${name} ${verdict}`)
  }
  console.log(
    survivors.length === 0
      ? `\nEach of the ${chosen.length} breaks was noticed.`
      : `\n${survivors.length} of ${chosen.length} breaks were not noticed: ${survivors.join('; ')}`,
  )
  if (survivors.length > 0) process.exitCode = 1
}

await main()
