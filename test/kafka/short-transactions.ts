import kafkajs, { type ProducerConfig } from 'kafkajs'

/** With `--import`: the broker gives this process's transactions up after five seconds instead of a minute. */
const { prototype } = kafkajs.Kafka
const { producer } = prototype
prototype.producer = function (config?: ProducerConfig) {
  const isTransactional = config?.transactionalId !== undefined
  return producer.call(this, isTransactional ? { ...config, transactionTimeout: 5_000 } : config)
}
