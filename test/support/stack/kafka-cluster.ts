import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { runKafkaTool } from './java.ts'
import type { KafkaNode } from './kafka.ts'
import { nodeRunner } from './kafka-node.ts'
import {
  clusterProperties,
  type ExtraListener,
  formatProperties,
  type KafkaProperties,
  withListeners,
} from './kafka-properties.ts'
import { freePort } from './ports.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface KafkaClusterOptions {
  /** Added to, or instead of, each node's own properties. */
  readonly properties?: KafkaProperties
  /** Beside the one for all clients, by node from 0 on. */
  readonly listeners?: (node: number) => readonly ExtraListener[]
  readonly heapMiB?: number
}

export interface KafkaCluster {
  /** `127.0.0.1:<port>` of each node, with commas between. */
  readonly brokers: string
  readonly nodes: readonly KafkaNode[]
  /** Resolves when every replica of every partition is in sync: then any one node may go. */
  inSync(): Promise<void>
  /** Deletes the data at once. */
  stop(): Promise<void>
}

const NODES = 3
const IN_SYNC_TIMEOUT_MS = 120_000

/** Three KRaft nodes on loopback, each broker and controller; topics have three replicas, of which two must be in sync. */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const folder = await temporaryFolder('kafka-cluster')
  const ids = Array.from({ length: NODES }, (_, index) => index + 1)
  const ports = await Promise.all(ids.map(() => freePort()))
  const controllerPorts = await Promise.all(ids.map(() => freePort()))
  const started: (KafkaNode & { end(): Promise<void> })[] = []

  async function startNode(nodeId: number, clusterId: string): Promise<void> {
    const port = ports[nodeId - 1]!
    const name = `node-${nodeId}`
    const logFile = join(folder.path, `${name}.log`)
    const propertiesFile = join(folder.path, `${name}.properties`)
    const member = { nodeId, port, controllerPorts, dataDir: join(folder.path, name) }
    const properties = {
      ...withListeners(clusterProperties(member), options.listeners?.(nodeId - 1) ?? []),
      ...options.properties,
    }
    await writeFile(propertiesFile, formatProperties(properties))
    await runKafkaTool('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', propertiesFile])
    const run = await nodeRunner({ folder: folder.path, logFile, heapMiB: options.heapMiB ?? 384 })
    const start = () => run(propertiesFile, 'Kafka Server started')
    let server = await start()
    started[nodeId - 1] = {
      port,
      logFile,
      get pid() {
        return server.pid
      },
      kill: signal => server.kill(signal),
      pause: () => server.signal('SIGSTOP'),
      resume: () => server.signal('SIGCONT'),
      async restart() {
        await server.end()
        server = await start()
      },
      end: () => server.kill(),
    }
  }

  async function stop(): Promise<void> {
    await Promise.all(started.map(node => node.end()))
    await folder.remove()
  }

  try {
    const clusterId = (await runKafkaTool('kafka.tools.StorageTool', ['random-uuid'])).trim()
    await Promise.all(ids.map(nodeId => startNode(nodeId, clusterId)))
  } catch (error) {
    await stop()
    throw error
  }
  const brokers = ports.map(port => `127.0.0.1:${port}`)
  return {
    brokers: brokers.join(','),
    nodes: started,
    inSync: () => waitUntilInSync(brokers),
    stop,
  }
}

async function waitUntilInSync(brokers: string[]): Promise<void> {
  const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })
  const deadline = Date.now() + IN_SYNC_TIMEOUT_MS
  for (;;) {
    const lagging = await partitionsOutOfSync(client).catch((error: Error) => [error.message])
    if (lagging.length === 0) return
    if (Date.now() > deadline) throw new Error(`not in sync after two minutes: ${lagging.join(', ')}`)
    await sleep(200)
  }
}

async function partitionsOutOfSync(client: kafkajs.Kafka): Promise<string[]> {
  const admin = client.admin()
  try {
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    if (brokers.length < NODES) return [`${NODES - brokers.length} nodes`]
    const { topics } = await admin.fetchTopicMetadata({ topics: await admin.listTopics() })
    return topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ replicas, isr, leader }) => leader < 0 || isr.length < replicas.length)
        .map(({ partitionId }) => `${name}[${partitionId}]`),
    )
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
