export type KafkaProperties = Readonly<Record<string, string>>

/** A combined KRaft node on loopback that needs no second one; `protocol` is that of the clients' listener. */
export function nodeProperties(
  port: number,
  controllerPort: number,
  dataDir: string,
  protocol: 'PLAINTEXT' | 'SASL_SSL' = 'PLAINTEXT',
): KafkaProperties {
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
    // 50 each by default: hundreds of files that a single node creates on first use.
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.num.partitions': '5',
  }
}

/** The node's controller alone, which takes a broker that is silent for a moment for gone. */
export function controllerProperties(controllerPort: number, dataDir: string): KafkaProperties {
  return {
    'process.roles': 'controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `CONTROLLER://127.0.0.1:${controllerPort}`,
    'log.dirs': dataDir,
    'broker.session.timeout.ms': '150',
    'broker.heartbeat.interval.ms': '50',
  }
}

/** As Java's Properties reads them: a backslash and a line break in a value are escaped. */
export function formatProperties(properties: KafkaProperties): string {
  const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escaped(value)}\n`)
    .join('')
}
