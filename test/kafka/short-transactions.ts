import kafkajs, { type ProducerConfig } from 'kafkajs'

/** With `--import`: the broker gives this process's transactions up after two seconds instead of a minute. */
const { prototype } = kafkajs.Kafka
const { producer } = prototype
prototype.producer = function (config?: ProducerConfig) {
  const isTransactional = config?.transactionalId !== undefined
  return producer.call(this, isTransactional ? { ...config, transactionTimeout: 2_000 } : config)
}
