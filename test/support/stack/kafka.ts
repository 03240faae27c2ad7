import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exists } from './cache.ts'
import { kafkaClassPath, kafkaLogOption, runKafkaTool } from './java.ts'
import { primedKafka } from './kafka-primed.ts'
import { freePort } from './ports.ts'
import { type ServerProcess, startServer } from './server-process.ts'

export interface KafkaOptions {
  /** Default: any free one. */
  readonly port?: number
  /** Added to, or instead of, the node's own properties. */
  readonly properties?: Readonly<Record<string, string>>
  /** Kept after `stop`; default: a new temporary folder, deleted by `stop`. */
  readonly dataDir?: string
  readonly heapMiB?: number
  /** Users to create while the storage is formatted. */
  readonly scramUsers?: readonly { readonly name: string; readonly password: string }[]
  /** Protocol of the client's listener, and of the node's own connection to itself. */
  readonly listenerProtocol?: 'PLAINTEXT' | 'SASL_SSL'
}

export interface KafkaServer {
  /** `127.0.0.1:<port>` */
  readonly brokers: string
  readonly port: number
  readonly logFile: string
  /** Deletes the data unless it has a `dataDir`, which ends in an orderly shutdown. */
  stop(): Promise<void>
  /** SIGKILL by default; resolves when the process is gone. Bring it back with `restart`. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** SIGSTOP: connections stay open and nobody answers. */
  pause(): void
  resume(): void
  /** Orderly shutdown if it runs, then a start with the same data and port. After `kill` it takes 2 s more. */
  restart(): Promise<void>
}

/** One combined KRaft node of Apache Kafka on loopback. About 2 s; the first time ever it is fetched by Maven. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const classPath = await kafkaClassPath()
  const primed = await primedKafka()
  const folder = await mkdtemp(join(tmpdir(), 'hf-audit-kafka-'))
  const dataDir = options.dataDir ?? join(folder, 'data')
  const propertiesFile = join(folder, 'server.properties')
  const logFile = join(folder, 'server.log')
  let server: ServerProcess | undefined
  try {
    const port = options.port ?? (await freePort())
    const properties = { ...nodeProperties(port, await freePort(), dataDir, options), ...options.properties }
    await writeFile(propertiesFile, formatProperties(properties), { mode: 0o600 })
    if (!(await exists(join(dataDir, 'meta.properties')))) {
      if (options.scramUsers === undefined) await copyFormatted(primed.formatted, dataDir)
      else await runKafkaTool('kafka.tools.StorageTool', formatArgs(propertiesFile, options.scramUsers))
    }
    const start = () =>
      startServer({
        name: 'Apache Kafka',
        command: 'java',
        args: [
          `-XX:SharedArchiveFile=${primed.classArchive}`,
          '-XX:+UseSerialGC',
          `-Xmx${options.heapMiB ?? 384}m`,
          kafkaLogOption,
          '-cp',
          classPath,
          'kafka.Kafka',
          propertiesFile,
        ],
        cwd: folder,
        logFile,
        isReady: logged => logged.includes('Kafka Server started'),
      })
    server = await start()
    return {
      brokers: `127.0.0.1:${port}`,
      port,
      logFile,
      kill: async signal => server?.kill(signal),
      pause: () => server?.signal('SIGSTOP'),
      resume: () => server?.signal('SIGCONT'),
      async stop() {
        if (options.dataDir === undefined) await server?.kill()
        else await server?.end()
        await rm(folder, { recursive: true, force: true })
      },
      async restart() {
        await server?.end()
        server = await start()
      },
    }
  } catch (error) {
    await server?.kill()
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function nodeProperties(port: number, controllerPort: number, dataDir: string, options: KafkaOptions) {
  const protocol = options.listenerProtocol ?? 'PLAINTEXT'
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${protocol}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `${protocol}://127.0.0.1:${port}`,
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocol}:${protocol}`,
    'inter.broker.listener.name': protocol,
    'log.dirs': dataDir,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // The default holds every group's first join back for 3 s.
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    // After a SIGKILL the controller refuses the node's return until its old session is over: 9 s by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // 50 each by default: hundreds of files that a single node creates on first use.
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.num.partitions': '5',
  }
}

export function formatProperties(properties: Readonly<Record<string, string>>): string {
  const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escaped(value)}\n`)
    .join('')
}

/** The storage format does not hold ports: one formatted folder serves every node. */
async function copyFormatted(formatted: string, dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  for (const name of ['bootstrap.checkpoint', 'meta.properties']) {
    await copyFile(join(formatted, name), join(dataDir, name))
  }
}

function formatArgs(propertiesFile: string, users: NonNullable<KafkaOptions['scramUsers']>): string[] {
  const scram = users.flatMap(({ name, password }) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ])
  return ['format', '-t', 'hfAuditTestStackAAAAAA', '-c', propertiesFile, ...scram]
}
