import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { missingFor, type StackPart } from '../test/support/stack/requirements.ts'

/**
 * `npm test`: every test in one run of Node's test runner, so that its summary counts them all. The fast ones come
 * first; one file at a time, since the others start servers of their own.
 * `npm test -- real`: only the tests with real servers. `npm run test:fast`: only those without, on all processors. Any
 * other argument is a file or a glob.
 */

/** The first test that needs the collector waits for its build: minutes. */
const QUIET_MINUTES = 15

const realFolders = ['test/stack/', 'test/kafka/', 'test/integration/']

/** Each test file is a process of its own, and so is each `hf-audit` in it: most of their time they would compile. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/node-compile', import.meta.url))

const parts: Readonly<Record<StackPart, string>> = {
  kafka: 'a real Kafka',
  registry: 'a real schema registry',
  collector: 'a real OpenTelemetry Collector',
  python: 'readers in Python that share no code with the connector',
  openssl: 'Kafka with TLS',
  browser: 'the status page in a real Chromium',
  promtool: 'the alert rules by Prometheus’ own tool',
}

const isReal = (file: string) => realFolders.some(folder => file.startsWith(folder))

async function testFiles(patterns: readonly string[]): Promise<string[]> {
  const files = (await Array.fromAsync(glob(patterns))).map(file => file.replaceAll('\\', '/')).sort()
  return [...files.filter(file => !isReal(file)), ...files.filter(isReal)]
}

/** A line for each part that this machine cannot start. */
async function missingParts(): Promise<string[]> {
  const lines: string[] = []
  for (const [part, words] of Object.entries(parts) as [StackPart, string][]) {
    const missing = await missingFor(part)
    if (missing !== undefined) lines.push(`${words}: ${missing}`)
  }
  return lines
}

/** Says what was not tested once more where the eye is at the end, just before the runner's summary. */
function remind(lines: readonly string[]) {
  return async function* (events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
    for await (const event of events) {
      if (
        event.type === 'test:diagnostic' &&
        event.data.nesting === 0 &&
        /^tests \d/.test(event.data.message)
      ) {
        for (const line of lines) yield { ...event, data: { ...event.data, message: `not tested: ${line}` } }
      }
      yield event
    }
  }
}

async function main(args: readonly string[]): Promise<void> {
  const [word] = args
  const only = args.length === 1 && (word === 'real' || word === 'fast') ? word : undefined
  const patterns = only !== undefined || args.length === 0 ? ['test/**/*.test.ts'] : args
  const all = await testFiles(patterns)
  const files = only === undefined ? all : all.filter(file => isReal(file) === (only === 'real'))
  if (files.length === 0) throw new Error(`no test file matches ${patterns.join(' ')}`)

  const missing = only === 'fast' ? [] : await missingParts()
  if (only === 'fast') {
    console.log('The tests that need no server. All of them: npm test\n')
  } else if (missing.length === 0) {
    console.log('Nothing is skipped: all real servers can run here. The first run fetches and builds them.\n')
  } else {
    const verdict = process.env.CI ? 'Missing, and in CI that fails the tests' : 'Skipped, for want of a tool'
    console.log(`${verdict}:\n${missing.map(line => `  ${line}\n`).join('')}`)
  }

  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE
  const events =
    only === 'fast'
      ? run({ files, concurrency: availableParallelism(), signal: stop.signal })
      : // A client of a broker that was killed may leave a timer behind: a file ends when its tests have.
        run({ files, concurrency: 1, signal: stop.signal, execArgv: ['--test-force-exit'] })
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1
  })
  const hung = setTimeout(() => {
    console.error(`No test ended for ${QUIET_MINUTES} minutes: something hangs, and all is stopped.`)
    process.exitCode = 1
    stop.abort()
  }, QUIET_MINUTES * 60_000)
  events.on('data', () => hung.refresh())
  await pipeline(events, remind(missing), new spec(), process.stdout, { end: false })
  clearTimeout(hung)
}

await main(process.argv.slice(2))
