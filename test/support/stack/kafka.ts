import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from './cache.ts'
import { runKafkaTool } from './java.ts'
import { nodeRunner } from './kafka-node.ts'
import { primedKafka } from './kafka-primed.ts'
import {
  controllerProperties,
  type ExtraListener,
  formatProperties,
  type KafkaProperties,
  nodeProperties,
  withListeners,
} from './kafka-properties.ts'
import { freePort } from './ports.ts'
import type { ServerProcess } from './server-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface KafkaOptions {
  /** Default: any free one. */
  readonly port?: number
  /** Added to, or instead of, the node's own properties. */
  readonly properties?: KafkaProperties
  /** Beside the one for all clients. */
  readonly listeners?: readonly ExtraListener[]
  /** Kept after `stop`; default: a new temporary folder, deleted by `stop`. */
  readonly dataDir?: string
  readonly heapMiB?: number
  /** Users to create while the storage is formatted. */
  readonly scramUsers?: readonly ScramUser[]
  /** Of the clients' listener and of the node's own connection to itself; default PLAINTEXT. */
  readonly protocol?: 'PLAINTEXT' | 'SASL_SSL'
}

export interface ScramUser {
  readonly username: string
  readonly password: string
}

export interface KafkaServer extends KafkaNode {
  /** `127.0.0.1:<port>` */
  readonly brokers: string
  /** Deletes the data at once; with a `dataDir` it is an orderly shutdown that keeps it. */
  stop(): Promise<void>
}

export interface KafkaNode {
  readonly port: number
  /** Of the process that runs now. */
  readonly pid: number
  readonly logFile: string
  /** SIGKILL by default; resolves when the process is gone. Bring it back with `restart`. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** SIGSTOP: connections stay open and nobody answers. */
  pause(): void
  resume(): void
  /** Orderly shutdown if it runs, then a start with the same data and port. After `kill` it takes a few seconds more. */
  restart(): Promise<void>
}

/** One combined KRaft node of Apache Kafka on loopback. About 2 s; the first time ever it is fetched by Maven. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const primed = await primedKafka()
  const port = options.port ?? (await freePort())
  const folder = await temporaryFolder('kafka')
  const logFile = join(folder.path, 'server.log')
  const propertiesFile = join(folder.path, 'server.properties')
  const controllerFile = join(folder.path, 'controller.properties')
  const run = await nodeRunner({ folder: folder.path, logFile, heapMiB: options.heapMiB ?? 384 })
  const start = () => run(propertiesFile, 'Kafka Server started')
  // A cluster notices that a broker died before that broker is back. A node that is its own controller would find
  // itself still registered as alive: it waits for 9 s, and its transaction coordinator, which meanwhile sees
  // partitions without a leader, takes them for deleted and never ends transactions that were committed just before.
  const noticeDeath = async () => (await run(controllerFile, 'Fencing broker 1')).end()
  let server: ServerProcess
  try {
    const dataDir = options.dataDir ?? join(folder.path, 'data')
    const controllerPort = await freePort()
    const properties = {
      ...withListeners(
        nodeProperties(port, controllerPort, dataDir, options.protocol),
        options.listeners ?? [],
      ),
      ...options.properties,
    }
    await writeFile(propertiesFile, formatProperties(properties), { mode: 0o600 })
    await writeFile(controllerFile, formatProperties(controllerProperties(controllerPort, dataDir)))
    await format(dataDir, propertiesFile, primed.formatted, options.scramUsers)
    server = await start()
  } catch (error) {
    await folder.remove()
    throw error
  }
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    logFile,
    get pid() {
      return server.pid
    },
    kill: signal => server.kill(signal),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    async stop() {
      if (options.dataDir === undefined) await server.kill()
      else await server.end()
      await folder.remove()
    },
    async restart() {
      await server.end()
      if (server.crashed) await noticeDeath()
      server = await start()
    },
  }
}

/** The storage format holds no ports: a folder that was formatted once serves every node without users. */
async function format(
  dataDir: string,
  propertiesFile: string,
  formatted: string,
  users: readonly ScramUser[] | undefined,
): Promise<void> {
  if (await exists(join(dataDir, 'meta.properties'))) return
  if (users !== undefined) {
    const scram = users.flatMap(({ username, password }) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${username},password=${password}]`,
    ])
    const clusterId = (await runKafkaTool('kafka.tools.StorageTool', ['random-uuid'])).trim()
    await runKafkaTool('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', propertiesFile, ...scram])
    return
  }
  await mkdir(dataDir, { recursive: true })
  for (const name of ['bootstrap.checkpoint', 'meta.properties']) {
    await copyFile(join(formatted, name), join(dataDir, name))
  }
}
