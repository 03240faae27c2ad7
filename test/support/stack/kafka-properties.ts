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

/** A way to the broker of its own: a client that comes in by it is sent to `advertisedPort` for all that follows. */
export interface ExtraListener {
  /** Capital letters, digits and `_`. */
  readonly name: string
  readonly port: number
  readonly advertisedPort: number
}

/** Adds plain listeners on loopback to those of the node. */
export function withListeners(
  properties: KafkaProperties,
  listeners: readonly ExtraListener[],
): KafkaProperties {
  const added = (name: string, text: (listener: ExtraListener) => string) =>
    [properties[name], ...listeners.map(text)].join(',')
  return {
    ...properties,
    listeners: added('listeners', ({ name, port }) => `${name}://127.0.0.1:${port}`),
    'advertised.listeners': added(
      'advertised.listeners',
      ({ name, advertisedPort }) => `${name}://127.0.0.1:${advertisedPort}`,
    ),
    'listener.security.protocol.map': added(
      'listener.security.protocol.map',
      ({ name }) => `${name}:PLAINTEXT`,
    ),
  }
}

export interface ClusterMember {
  readonly nodeId: number
  readonly port: number
  readonly dataDir: string
  /** Of all nodes, by node id from 1 on. */
  readonly controllerPorts: readonly number[]
}

/** One of three or more nodes that are brokers and controllers: every record on three of them, acknowledged by two. */
export function clusterProperties({
  nodeId,
  port,
  dataDir,
  controllerPorts,
}: ClusterMember): KafkaProperties {
  return {
    ...nodeProperties(port, controllerPorts[nodeId - 1]!, dataDir),
    'node.id': String(nodeId),
    'controller.quorum.voters': controllerPorts
      .map((controllerPort, index) => `${index + 1}@127.0.0.1:${controllerPort}`)
      .join(','),
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'offsets.topic.replication.factor': '3',
    'transaction.state.log.replication.factor': '3',
    'transaction.state.log.min.isr': '2',
    'share.coordinator.state.topic.replication.factor': '3',
    'share.coordinator.state.topic.min.isr': '2',
    // 9 s by default: until then a node that was killed keeps its partitions from having a leader.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
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
