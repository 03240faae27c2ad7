import { setTimeout as sleep } from 'node:timers/promises'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { confluentHeader, decodeValue, framingOf, schemaText, singleObjectHeader } from '../event/avro.ts'
import type { StreamName, StreamRecords } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { SchemaRegistry } from './schema-registry.ts'
import type { KafkaNames } from './settings.ts'

const RETRY_WAIT_MS = 2_000

/** What goes before the Avro body of each stream's values. */
export type Framings = Readonly<Record<StreamName, Buffer>>

/**
 * With a registry: waits for it, telling so, until the signal is aborted. Throws `REGISTRY_INCOMPATIBLE`, and
 * `REGISTRY_UNAVAILABLE` when waiting does not help.
 */
export async function resolveFramings(
  registry: SchemaRegistry | undefined,
  names: KafkaNames,
  streams: readonly StreamName[],
  log: Logger,
  signal: AbortSignal,
): Promise<Framings> {
  const framings: Record<StreamName, Buffer> = {
    events: singleObjectHeader('events'),
    findings: singleObjectHeader('findings'),
    ledger: singleObjectHeader('ledger'),
    'dead-letters': singleObjectHeader('dead-letters'),
  }
  if (registry === undefined) return framings
  for (const stream of streams) {
    const subject = subjectOf(names, stream)
    framings[stream] = confluentHeader(
      await waitFor(() => registry.idOf(subject, schemaText(stream)), log, signal),
    )
  }
  return framings
}

/** Where the registry keeps the schema of a stream's values: named by the topic, as Confluent's tools expect it. */
export function subjectOf(names: KafkaNames, stream: StreamName): string {
  return `${names.topics[stream]}-value`
}

async function waitFor<T>(ask: () => Promise<T>, log: Logger, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      const error = asConnectorError(thrown)
      if (!error.retryable || signal.aborted) throw error
      log.warn({ code: error.code }, `${error.message}; trying again in ${RETRY_WAIT_MS / 1000} s`)
      await sleep(RETRY_WAIT_MS, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) throw error
    }
  }
}

/** Decodes a value of a stream; a promise only when the registry must be asked. */
export type ValueDecoder = <S extends StreamName>(
  stream: S,
  value: Buffer,
) => StreamRecords[S] | Promise<StreamRecords[S]>

export function createValueDecoder(registry: SchemaRegistry | undefined): ValueDecoder {
  const texts = new Map<number, string>()
  return (stream, value) => {
    const framing = framingOf(value)
    if (framing.kind === 'single-object') return decodeValue(stream, value)
    const known = texts.get(framing.schemaId)
    if (known !== undefined) return decodeValue(stream, value, known)
    if (registry === undefined) {
      throw new ConnectorError(
        'JOURNAL_MISMATCH',
        `a value of ${stream} was written with a schema registry (schema ${framing.schemaId}): set SCHEMA_REGISTRY_URL to read it`,
      )
    }
    return registry.schemaText(framing.schemaId).then(text => {
      texts.set(framing.schemaId, text)
      return decodeValue(stream, value, text)
    })
  }
}
