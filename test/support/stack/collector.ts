import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type CollectedRecord, collectedRecords } from '../readers/collector-file.ts'
import { exists } from './cache.ts'
import { collectorBinary } from './collector-build.ts'
import { freePort } from './ports.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface CollectorOptions {
  /** Default: any free one. */
  readonly port?: number
  /** Kept after `stop`; default: a new one in a temporary folder, deleted by `stop`. */
  readonly outputFile?: string
  /** A configuration to start from: its address and its file are replaced, and exporters this build lacks are left out. */
  readonly basedOn?: string
  /** Requests with a larger body are refused by the collector. Default: its own 20 MiB. */
  readonly maxRequestBytes?: number
}

export interface CollectorServer {
  /** `http://127.0.0.1:<port>`; logs go to `/v1/logs` under it. */
  readonly endpoint: string
  readonly port: number
  readonly outputFile: string
  readonly logFile: string
  stop(): Promise<void>
  /** SIGKILL by default: what was accepted in the last 100 ms may not be in the file. */
  kill(signal?: NodeJS.Signals): Promise<void>
  pause(): void
  resume(): void
  /** Orderly end if it runs, then a start on the same port that appends to the same file. */
  restart(): Promise<void>
  /** What is in the file now: up to 100 ms behind what was accepted. */
  logRecords(): AsyncGenerator<CollectedRecord>
}

/** A real OpenTelemetry Collector on loopback: OTLP over HTTP in, a file of JSON lines out. */
export async function startCollector(options: CollectorOptions = {}): Promise<CollectorServer> {
  const binary = await collectorBinary()
  const folder = await temporaryFolder('collector')
  const outputFile = options.outputFile ?? join(folder.path, 'logs.jsonl')
  const configFile = join(folder.path, 'collector.yaml')
  const logFile = join(folder.path, 'collector.log')
  const port = options.port ?? (await freePort())
  const start = () =>
    startServer({
      name: 'the OpenTelemetry Collector',
      command: binary,
      args: ['--config', `file:${configFile}`],
      cwd: folder.path,
      logFile,
      isReady: logged => logged.includes('Everything is ready'),
    })
  let server: ServerProcess | undefined
  try {
    await writeFile(configFile, await configuration(port, outputFile, options))
    server = await start()
  } catch (error) {
    await folder.remove()
    throw error
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    outputFile,
    logFile,
    kill: async signal => server?.kill(signal),
    pause: () => server?.signal('SIGSTOP'),
    resume: () => server?.signal('SIGCONT'),
    async stop() {
      await server?.end()
      await folder.remove()
    },
    async restart() {
      await server?.end()
      server = await start()
    },
    async *logRecords() {
      if (await exists(outputFile)) yield* collectedRecords(outputFile)
    },
  }
}

async function configuration(port: number, outputFile: string, options: CollectorOptions): Promise<string> {
  const endpoint = `127.0.0.1:${port}`
  if (options.basedOn !== undefined)
    return adapted(await readFile(options.basedOn, 'utf8'), endpoint, outputFile)
  const { maxRequestBytes } = options
  const limit = maxRequestBytes === undefined ? {} : { max_request_body_size: maxRequestBytes }
  return JSON.stringify({
    receivers: { otlp: { protocols: { http: { endpoint, ...limit } } } },
    exporters: { file: { path: outputFile, format: 'json', flush_interval: '100ms', append: true } },
    service: {
      // Its own metrics would take a fixed port.
      telemetry: { metrics: { level: 'none' } },
      pipelines: { logs: { receivers: ['otlp'], exporters: ['file'] } },
    },
  })
}

function adapted(text: string, endpoint: string, outputFile: string): string {
  const config = parse(text)
  config.receivers.otlp.protocols.http.endpoint = endpoint
  config.exporters = { file: { ...config.exporters.file, path: outputFile } }
  config.service.pipelines.logs.exporters = ['file']
  return JSON.stringify(config)
}
