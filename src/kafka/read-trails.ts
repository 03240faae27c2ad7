import type { Kafka, KafkaMessage } from 'kafkajs'
import { asConnectorError } from '../errors.ts'
import { keptAbsent } from '../event/absence.ts'
import type { Organization } from '../event/organization.ts'
import { RebuiltTrail } from '../event/rebuilt-trail.ts'
import type { StreamName, StreamRecords } from '../event/records.ts'
import type { Logger } from '../log.ts'
import { isForeign, unreadableAt, warnOfForeign } from './decode-messages.ts'
import type { PartitionReader } from './partition-reader.ts'
import type { Place, ShardPlaces } from './places.ts'
import type { KafkaNames, KafkaSettings } from './settings.ts'
import type { ValueDecoder } from './values.ts'

export interface ReadContext {
  readonly kafka: Kafka
  readonly settings: KafkaSettings
  readonly names: KafkaNames
  readonly decode: ValueDecoder
  readonly log: Logger
}

/** Reads what the shard's partitions hold of the organizations' trails, once for all of them. */
export async function readTrails(
  { settings, decode, log }: ReadContext,
  reader: PartitionReader,
  shard: number,
  { events, deadLetters, ledger }: ShardPlaces,
  organizations: readonly Organization[],
): Promise<Map<string, RebuiltTrail>> {
  const trails = new Map(
    organizations.map(organization => [
      organization.identity,
      new RebuiltTrail(organization, 2 * keptAbsent(settings.exportCap)),
    ]),
  )

  async function readEach<S extends StreamName>(
    stream: S,
    { topic, low, high }: Place,
    take: (trail: RebuiltTrail, record: StreamRecords[S], message: KafkaMessage) => void,
  ): Promise<void> {
    await reader.read({ topic, partition: shard, from: low, to: high }, async messages => {
      for (const message of messages) {
        const { key, value } = message
        const trail = key === null ? undefined : trails.get(key.toString('utf8'))
        if (trail === undefined || value === null) continue
        try {
          const record = decode(stream, value)
          // Awaited only where the registry is asked: a turn of the event loop for each of a million records adds up.
          take(trail, record instanceof Promise ? await record : record, message)
        } catch (thrown) {
          const error = asConnectorError(thrown)
          const place = { topic, partition: shard }
          if (!isForeign(message, error)) throw unreadableAt(place, message, error)
          warnOfForeign(log, place, [{ message, error }])
        }
      }
    })
  }

  await readEach('dead-letters', deadLetters, (trail, letter) => trail.addDeadLetter(letter))
  await readEach('events', events, (trail, record, { offset }) => trail.addEvent(record, offset))
  await readEach('ledger', ledger, (trail, entry) => trail.addLedgerEntry(entry))
  return trails
}
