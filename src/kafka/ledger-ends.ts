import type { LedgerEntry } from '../event/records.ts'
import { decodeIfOurs } from './decode-messages.ts'
import type { PartitionReader } from './partition-reader.ts'
import type { Place } from './places.ts'
import type { ReadContext } from './read-trails.ts'

/**
 * How far back from the end the last entries are looked for, in records. Each poll writes one, so those of organizations
 * that are polled stand together at the end; one that was not polled for long has published nothing since.
 */
const LOOK_BACK = [200, 20_000] as const

/** The last ledger entry of each of these organizations, as far as it is near the end of the shard's ledger. */
export async function readLedgerEnds(
  { decode }: Pick<ReadContext, 'decode'>,
  reader: PartitionReader,
  shard: number,
  { topic, low, high }: Place,
  identities: ReadonlySet<string>,
): Promise<Map<string, LedgerEntry>> {
  let ends = new Map<string, LedgerEntry>()
  for (const distance of LOOK_BACK) {
    const from = Math.max(low, high - distance)
    ends = new Map()
    await reader.read({ topic, partition: shard, from, to: high }, async messages => {
      for (const message of messages) {
        const { key, value } = message
        const identity = key?.toString('utf8')
        if (identity === undefined || value === null || !identities.has(identity)) continue
        const entry = await decodeIfOurs(decode, 'ledger', { topic, partition: shard }, message)
        if (entry !== undefined) ends.set(identity, entry)
      }
    })
    if (ends.size === identities.size || from === low) break
  }
  return ends
}
