import { randomUUID } from 'node:crypto'
import type { Organization } from '../../src/event/organization.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** A broker that is reached directly, or through a proxy that can fail: each way stays on its own listener. */
export interface ProxiedKafka {
  readonly kafka: KafkaServer
  readonly proxy: TcpProxy
  /** `127.0.0.1:<port>` of each way. */
  readonly direct: string
  readonly proxied: string
  stop(): Promise<void>
}

export async function startProxiedKafka(
  properties: Readonly<Record<string, string>> = {},
): Promise<ProxiedKafka> {
  const [port, behind, front, controller] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ])
  const kafka = await startKafka({
    port,
    properties: {
      listeners: `PLAINTEXT://127.0.0.1:${port},BEHIND://127.0.0.1:${behind},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},BEHIND://127.0.0.1:${front}`,
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT',
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      // So that a test need not wait the 6 s below which a broker takes no session time-out.
      'group.min.session.timeout.ms': '1000',
      ...properties,
    },
  })
  const proxy = await startTcpProxy(front, behind)
  return {
    kafka,
    proxy,
    direct: kafka.brokers,
    proxied: `127.0.0.1:${front}`,
    async stop() {
      await proxy.close()
      await kafka.stop()
    },
  }
}

/** Settings with a prefix of their own, so that tests share one broker. */
export function testSettings(
  brokers: string,
  organizations: readonly Organization[],
  changes: Partial<KafkaSettings> = {},
): KafkaSettings {
  return {
    brokers: [brokers],
    topic: `test-${randomUUID()}`,
    clientId: 'test',
    compression: 'none',
    ssl: undefined,
    sasl: undefined,
    partitions: 2,
    replicationFactor: undefined,
    retentionMs: -1,
    maxRecordBytes: 900_000,
    sessionTimeoutMs: 6_000,
    organizations,
    exportCap: 100_000,
    registry: undefined,
    ...changes,
  }
}
