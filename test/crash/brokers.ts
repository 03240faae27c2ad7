import { type KafkaNode, startKafka } from '../support/stack/kafka.ts'
import { startKafkaCluster } from '../support/stack/kafka-cluster.ts'
import type { ExtraListener } from '../support/stack/kafka-properties.ts'
import { freePort } from '../support/stack/ports.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** What lies between one worker and the brokers: each connection that it makes goes through one of these proxies. */
export interface WorkerNetwork {
  /** Where the worker finds the brokers. */
  readonly brokers: string
  readonly proxies: readonly TcpProxy[]
}

export interface Brokers {
  /** For whoever is to see what there is, whatever is done to the workers' networks. */
  readonly direct: string
  readonly nodes: readonly KafkaNode[]
  readonly networks: readonly WorkerNetwork[]
  /** Resolves when any one node may go. */
  ready(): Promise<void>
  stop(): Promise<void>
}

const PROPERTIES = {
  // So that a take-over need not wait for the 6 s below which a broker takes no session time-out.
  'group.min.session.timeout.ms': '1000',
}

/** One node, or three; each worker has a listener of its own on each, which sends it through its own proxies. */
export async function startBrokers(nodes: 1 | 3, workers: number): Promise<Brokers> {
  const ways = await Promise.all(Array.from({ length: nodes }, () => listenersFor(workers)))
  const cluster = nodes === 1 ? await startOne(ways[0]!) : await startThree(ways)
  const networks = await Promise.all(
    Array.from({ length: workers }, async (_, worker): Promise<WorkerNetwork> => {
      const listeners = ways.map(listenersOfNode => listenersOfNode[worker]!)
      return {
        brokers: listeners.map(({ advertisedPort }) => `127.0.0.1:${advertisedPort}`).join(','),
        proxies: await Promise.all(
          listeners.map(({ port, advertisedPort }) => startTcpProxy(advertisedPort, port)),
        ),
      }
    }),
  )
  return {
    ...cluster,
    networks,
    async stop() {
      await Promise.all(networks.flatMap(({ proxies }) => proxies.map(proxy => proxy.close())))
      await cluster.stop()
    },
  }
}

type Cluster = Pick<Brokers, 'direct' | 'nodes' | 'ready' | 'stop'>

async function startOne(listeners: readonly ExtraListener[]): Promise<Cluster> {
  const kafka = await startKafka({ listeners, properties: PROPERTIES })
  return { direct: kafka.brokers, nodes: [kafka], ready: async () => {}, stop: () => kafka.stop() }
}

async function startThree(ways: readonly (readonly ExtraListener[])[]): Promise<Cluster> {
  const cluster = await startKafkaCluster({ listeners: node => ways[node]!, properties: PROPERTIES })
  return {
    direct: cluster.brokers,
    nodes: cluster.nodes,
    ready: () => cluster.inSync(),
    stop: () => cluster.stop(),
  }
}

async function listenersFor(workers: number): Promise<ExtraListener[]> {
  return Promise.all(
    Array.from({ length: workers }, async (_, worker) => ({
      name: `WORKER${worker + 1}`,
      port: await freePort(),
      advertisedPort: await freePort(),
    })),
  )
}

/**
 * Loses the next such request, or the response to it but for its first bytes, through whichever proxy it comes. Resolves
 * when it is lost.
 */
export async function loseNext(
  proxies: readonly TcpProxy[],
  apiKey: number,
  what: 'request' | 'response',
  passedBytes: number,
): Promise<void> {
  await Promise.race(
    proxies.map(proxy =>
      what === 'request' ? proxy.loseRequest(apiKey) : proxy.loseResponseTo(apiKey, passedBytes),
    ),
  )
  for (const proxy of proxies) proxy.disarm()
}
