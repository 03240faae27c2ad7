import { join } from 'node:path'
import { startCollector } from '../test/support/stack/collector.ts'
import { startKafka } from '../test/support/stack/kafka.ts'
import { firstFreePort } from '../test/support/stack/ports.ts'
import { startRegistry } from '../test/support/stack/registry.ts'
import { missingFor, type StackPart } from '../test/support/stack/requirements.ts'
import { temporaryFolder } from '../test/support/stack/temporary-folder.ts'

/** Starts a real Kafka, schema registry and OpenTelemetry Collector on loopback, to play with by hand. */

interface Part {
  readonly name: StackPart
  /** Starts it; resolves with what to print and how to end it. */
  readonly start: () => Promise<{ readonly lines: readonly string[]; readonly stop: () => Promise<void> }>
}

const folder = await temporaryFolder('stack')

const parts: readonly Part[] = [
  {
    name: 'kafka',
    async start() {
      const kafka = await startKafka({ port: await firstFreePort(9092) })
      return { stop: kafka.stop, lines: [`export KAFKA_BROKERS=${kafka.brokers}`] }
    },
  },
  {
    name: 'registry',
    async start() {
      const registry = await startRegistry({ port: await firstFreePort(8081) })
      return { stop: registry.stop, lines: [`export SCHEMA_REGISTRY_URL=${registry.url}`] }
    },
  },
  {
    name: 'collector',
    async start() {
      const outputFile = join(folder.path, 'logs.jsonl')
      const collector = await startCollector({ port: await firstFreePort(4318), outputFile })
      const lines = [
        `export OTEL_EXPORTER_OTLP_ENDPOINT=${collector.endpoint}`,
        `# The collector writes what it gets to ${outputFile}`,
      ]
      return { stop: collector.stop, lines }
    },
  },
]

const stops: (() => Promise<void>)[] = []

async function startAll(): Promise<void> {
  console.error('Starting Kafka, a schema registry and an OpenTelemetry Collector on 127.0.0.1.')
  console.error('The first time they are fetched and built, which takes some minutes.')
  const lines: string[] = []
  // One after the other: their first start shares two cores and Maven's download folder.
  for (const part of parts) {
    const missing = await missingFor(part.name)
    if (missing !== undefined) {
      console.error(`✗ ${part.name}: not started, it ${missing}`)
      continue
    }
    const started = performance.now()
    const running = await part.start()
    stops.push(running.stop)
    lines.push(...running.lines)
    console.error(`✔ ${part.name} is up after ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
  if (stops.length === 0) throw new Error('nothing could be started')
  console.error('\nPaste this into another terminal, and the connector uses them:\n')
  console.log(lines.join('\n'))
  console.error('\nTheir data is gone when they end. Ctrl-C ends them.')
}

async function stopAll(): Promise<void> {
  await Promise.all(stops.map(stop => stop()))
  await folder.remove()
}

const asked = new Promise<void>(resolve => {
  // Also keeps this process alive: the servers by themselves do not.
  const alive = setInterval(() => {}, 2 ** 30)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      clearInterval(alive)
      resolve()
    })
  }
})

try {
  await Promise.race([startAll().then(() => asked), asked])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  console.error('Ending them.')
  await stopAll()
  process.exit()
}
