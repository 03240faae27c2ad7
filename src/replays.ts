import { resolve } from 'node:path'
import { type Config, invalid } from './config.ts'
import type { StreamName } from './event/records.ts'
import { avroContainer, jsonLines } from './file/formats.ts'
import { createFileTarget } from './file/replay-target.ts'
import { createStreamTarget } from './file/stream-target.ts'
import type { Logger } from './log.ts'
import type { JournalEntry } from './ports.ts'
import { createOtlpTarget } from './replay/otlp-target.ts'
import type { ReplayCursor, ReplaySource, ReplayTarget } from './replay-ports.ts'

export type TargetChoice =
  | { readonly to: 'otlp' }
  | { readonly to: 'topic'; readonly topic: string }
  | { readonly to: 'avro' | 'json'; readonly path: string }

export interface ReplayChoice {
  readonly journal: 'kafka' | 'sqlite'
  readonly stream: StreamName
  readonly target: TargetChoice
  readonly name: string
}

export interface ReplaysDependencies {
  readonly log: Logger
  readonly version: string
  /** Of JSON lines. */
  readonly lineOf: (entry: JournalEntry) => string
}

/** Throws `CONFIG_INVALID` for a choice that the configuration does not allow. */
export function checkChoice({ journal, stream, target }: Omit<ReplayChoice, 'name'>, config: Config): void {
  if (journal === 'kafka' && config.kafka === undefined) {
    throw invalid(['--journal is kafka, and KAFKA_BROKERS is not set'])
  }
  if (target.to === 'topic' && config.kafka === undefined) {
    throw invalid(['--to-topic needs KAFKA_BROKERS (--journal sqlite then reads the embedded journal)'])
  }
  if (target.to === 'otlp' && config.otlp === undefined) {
    throw invalid([
      '--to-otlp needs OTEL_EXPORTER_OTLP_ENDPOINT, and OTEL_LOGS_EXPORTER or OTEL_SDK_DISABLED not to switch it off',
    ])
  }
  if (target.to === 'otlp' && stream === 'dead-letters') {
    throw invalid([
      '--stream is dead-letters, which have no log record; --to-otlp takes events, findings and ledger',
    ])
  }
}

/** What tells one target from another, without secrets. */
export function targetIdentity(target: TargetChoice, { otlp }: Config): string {
  switch (target.to) {
    case 'topic':
      return target.topic
    case 'otlp':
      return otlp?.destination ?? ''
    case 'avro':
    case 'json':
      return target.path === '-' ? '-' : resolve(target.path)
  }
}

export async function createReplaySource(
  config: Config,
  journal: ReplayChoice['journal'],
  log: Logger,
): Promise<ReplaySource> {
  if (journal === 'kafka') {
    const { createKafkaReplaySource } = await import('./kafka/replay-source.ts')
    return createKafkaReplaySource(config.kafka!, { log })
  }
  const { createSqliteReplaySource } = await import('./sqlite/replay-source.ts')
  return createSqliteReplaySource({ dataDirectory: config.dataDirectory })
}

export async function createReplayTarget(
  config: Config,
  choice: ReplayChoice,
  dependencies: ReplaysDependencies,
): Promise<ReplayTarget> {
  const { journal, stream, target, name } = choice
  const { log, version, lineOf } = dependencies
  switch (target.to) {
    case 'topic': {
      const { createTopicTarget } = await import('./kafka/replay-target.ts')
      const source = journal === 'kafka' ? stream : undefined
      const id = kafkaReplayId(config, name)
      return createTopicTarget(config.kafka!, { topic: target.topic, id, source }, { log })
    }
    case 'otlp': {
      const { createLogSink } = await import('./otlp/sink.ts')
      const sink = createLogSink(config.otlp!, { version })
      const cursor = await (journal === 'kafka' ? kafkaCursor() : localCursor())
      return createOtlpTarget({ sink, cursor, log, now: Date.now, random: Math.random })
    }
    case 'avro':
      return createFileTarget({
        path: target.path,
        format: avroContainer(stream),
        cursor: await localCursor(),
      })
    case 'json': {
      const format = jsonLines(lineOf)
      if (target.path === '-') return createStreamTarget(process.stdout, format)
      return createFileTarget({ path: target.path, format, cursor: await localCursor() })
    }
  }

  async function kafkaCursor(): Promise<ReplayCursor> {
    const { createKafkaReplayCursor } = await import('./kafka/replay-transactions.ts')
    return createKafkaReplayCursor(config.kafka!, { id: kafkaReplayId(config, name), stream }, { log })
  }

  async function localCursor(): Promise<ReplayCursor> {
    const { createSqliteReplayCursor } = await import('./sqlite/replay-cursor.ts')
    return createSqliteReplayCursor({ dataDirectory: config.dataDirectory, name })
  }
}

/** Consumer group and transactional id. */
function kafkaReplayId({ kafka }: Config, name: string): string {
  return `${kafka!.topic}.replay.${name}`
}
