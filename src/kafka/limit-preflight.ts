import kafkajs, { type Admin } from 'kafkajs'
import type { AreaResults } from '../preflight.ts'
import { TRANSACTION_TIMEOUT_MS } from './client.ts'
import type { KafkaSettings } from './settings.ts'
import { acl } from './topic-review.ts'

const { ConfigResourceTypes } = kafkajs

/** The time-outs that a broker would refuse. */
export async function checkLimits(settings: KafkaSettings, admin: Admin, lines: AreaResults): Promise<void> {
  const limits = await brokerLimits(admin)
  if (limits === undefined) {
    lines.skip(
      'broker limits',
      `may not be read: transaction.max.timeout.ms must be at least ${TRANSACTION_TIMEOUT_MS} (its default is 900000)`,
      acl(settings, '--operation DescribeConfigs', '--cluster').replace(
        ' --resource-pattern-type prefixed',
        '',
      ),
    )
    return
  }
  const { transactionMs, leastSessionMs, mostSessionMs } = limits
  const mend = (entry: string): string => `${entry} in server.properties of every broker`
  if (transactionMs < TRANSACTION_TIMEOUT_MS) {
    lines.fail(
      'transaction time-out',
      `transaction.max.timeout.ms is ${transactionMs}, less than the ${TRANSACTION_TIMEOUT_MS} that a transaction here asks for`,
      mend(`set transaction.max.timeout.ms=${TRANSACTION_TIMEOUT_MS} or more`),
    )
  } else lines.ok('transaction time-out', `${TRANSACTION_TIMEOUT_MS} ms, the broker allows ${transactionMs}`)
  const { sessionTimeoutMs } = settings
  if (sessionTimeoutMs < leastSessionMs || sessionTimeoutMs > mostSessionMs) {
    lines.fail(
      'session time-out',
      `KAFKA_SESSION_TIMEOUT is ${sessionTimeoutMs} ms; the broker allows ${leastSessionMs} to ${mostSessionMs}`,
      `set KAFKA_SESSION_TIMEOUT=${Math.ceil(Math.min(Math.max(sessionTimeoutMs, leastSessionMs), mostSessionMs) / 1_000)}s`,
    )
  } else
    lines.ok(
      'session time-out',
      `${sessionTimeoutMs} ms, the broker allows ${leastSessionMs} to ${mostSessionMs}`,
    )
}

async function brokerLimits(admin: Admin) {
  const { brokers } = await admin.describeCluster()
  const name = String(brokers[0]!.nodeId)
  try {
    const { resources } = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.BROKER, name }],
      includeSynonyms: false,
    })
    const entries = new Map(
      resources.flatMap(({ configEntries }) =>
        configEntries.map(({ configName, configValue }) => [configName, configValue] as const),
      ),
    )
    return {
      transactionMs: Number(entries.get('transaction.max.timeout.ms') ?? 900_000),
      leastSessionMs: Number(entries.get('group.min.session.timeout.ms') ?? 6_000),
      mostSessionMs: Number(entries.get('group.max.session.timeout.ms') ?? 1_800_000),
    }
  } catch (error) {
    if ((error as { type?: string }).type?.endsWith('_AUTHORIZATION_FAILED') === true) return undefined
    throw error
  }
}
