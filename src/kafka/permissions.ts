import type { Kafka } from 'kafkajs'

/** What may be asked of the authorizer: true, false, or an error that says neither. */
export interface Permissions {
  /** WRITE on the topic and on the transactional id; `topic` is refused as TOPIC_…, the id as TRANSACTIONAL_ID_…. */
  writeInTransaction(transactionalId: string, topic: string): Promise<Refusal>
  /** DESCRIBE on the transactional id. */
  describeTransactionalId(transactionalId: string): Promise<Refusal>
  readTopic(topic: string): Promise<Refusal>
  readGroup(groupId: string): Promise<Refusal>
}

/** The name of Kafka's error when it refuses; undefined when it does not. */
export type Refusal = string | undefined

/** No topic has it. Below 2^31, so that every broker can read it. */
const NO_PARTITION = 2_000_000_000
const TRANSACTION_COORDINATOR = 1
const GROUP_COORDINATOR = 0

/**
 * Learns what the authorizer allows without changing anything: each request is one that a broker must refuse, but only
 * after it has looked at the permissions (a partition that does not exist, a member that does not exist). So the error
 * tells whether they are there. A producer that began a transaction would fence a running worker instead, or leave
 * markers in the topics.
 *
 * kafkajs has no public way to send single requests; `use` reaches the connections behind its clients. Undefined when
 * this is another kafkajs than the one known.
 */
export async function withPermissions<T>(
  kafka: Kafka,
  use: (permissions: Permissions) => Promise<T>,
): Promise<T | undefined> {
  const cluster = clusterOf(kafka)
  if (cluster === undefined) return undefined
  await cluster.connect()
  try {
    await cluster.refreshMetadata()
    const broker = await cluster.findControllerBroker()
    return await use({
      writeInTransaction: (transactionalId, topic) =>
        refusal(() =>
          broker.addPartitionsToTxn({
            transactionalId,
            producerId: 0,
            producerEpoch: 0,
            topics: [{ topic, partitions: [NO_PARTITION] }],
          }),
        ),
      describeTransactionalId: groupId =>
        refusal(() => broker.findGroupCoordinator({ groupId, coordinatorType: TRANSACTION_COORDINATOR })),
      readTopic: topic =>
        refusal(() =>
          broker.fetch({
            replicaId: -1,
            isolationLevel: 1,
            maxWaitTime: 0,
            minBytes: 0,
            maxBytes: 1,
            topics: [{ topic, partitions: [{ partition: NO_PARTITION, fetchOffset: 0, maxBytes: 1 }] }],
          }),
        ),
      readGroup: groupId =>
        refusal(async () => {
          await broker.findGroupCoordinator({ groupId, coordinatorType: GROUP_COORDINATOR })
          await broker.heartbeat({ groupId, groupGenerationId: 0, memberId: 'hf-audit-check' })
        }),
    })
  } finally {
    await cluster.disconnect().catch(() => undefined)
  }
}

/** Only what an authorizer says counts: every other error comes after its word. */
async function refusal(ask: () => Promise<unknown>): Promise<Refusal> {
  try {
    await ask()
    return undefined
  } catch (error) {
    const { type } = error as { type?: string }
    if (type === undefined) throw error
    return type.endsWith('_AUTHORIZATION_FAILED') ? type : undefined
  }
}

/** As much of kafkajs's own parts as is used. */
interface Broker {
  addPartitionsToTxn(request: object): Promise<unknown>
  findGroupCoordinator(request: object): Promise<unknown>
  fetch(request: object): Promise<unknown>
  heartbeat(request: object): Promise<unknown>
}
interface Cluster {
  connect(): Promise<void>
  refreshMetadata(): Promise<void>
  findControllerBroker(): Promise<Broker>
  disconnect(): Promise<void>
}

function clusterOf(kafka: Kafka): Cluster | undefined {
  const key = Object.getOwnPropertySymbols(kafka).find(
    symbol => symbol.description === 'private:Kafka:createCluster',
  )
  if (key === undefined) return undefined
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[key]
  return create?.({ allowAutoTopicCreation: false, maxInFlightRequests: 1 })
}
