import type { DatabaseSync } from 'node:sqlite'
import {
  isPoisonKey,
  poisonKey,
  type SeenEntry,
  type SeenState,
  sha256OfPoisonKey,
} from '../event/checkpoint.ts'
import { SeenEvents } from '../event/seen-events.ts'

/** In `seen.state`; part of the format. */
const STATES: readonly SeenState[] = ['published', 'filtered', 'dead-lettered']

/** Begins the key of a dead letter, its SHA-256 follows: a byte that no UTF-8 text holds. */
const POISON_BYTE = 0xff

type SeenRow = [Uint8Array, number, number, number, number, number, number, number, number]

/** The table `seen`, through one connection. */
export interface SeenRows {
  /** In the order of their times, in which most exports are too: ids that follow each other there are found faster. */
  load(organization: number): SeenEvents
  put(organization: number, entry: SeenEntry): void
  remove(organization: number, key: string): void
}

export function createSeenRows(database: DatabaseSync): SeenRows {
  const select = database.prepare(
    `SELECT key, crc, digest, created_at_ms, first_seen_seconds, state, missed, pair_told, absent_since_seconds
     FROM seen WHERE organization = ? ORDER BY created_at_ms`,
  )
  select.setReturnArrays(true)
  const replace = database.prepare('REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const erase = database.prepare('DELETE FROM seen WHERE organization = ? AND key = ?')

  return {
    load(organization) {
      const seen = new SeenEvents()
      for (const row of select.iterate(organization) as Iterable<unknown>) {
        const [key, crc, digest, createdAtMs, firstSeenSeconds, state, missed, pairTold, absentSinceSeconds] =
          row as SeenRow
        seen.put({
          key: keyOfBytes(key),
          crc,
          digest,
          createdAtMs,
          firstSeenSeconds,
          state: STATES[state]!,
          missed,
          pairTold: pairTold === 1,
          absentSinceSeconds,
        })
      }
      return seen
    },
    put(organization, entry) {
      replace.run(
        organization,
        bytesOfKey(entry.key),
        entry.crc,
        entry.digest,
        entry.createdAtMs,
        entry.firstSeenSeconds,
        STATES.indexOf(entry.state),
        entry.missed,
        entry.pairTold ? 1 : 0,
        entry.absentSinceSeconds,
      )
    },
    remove(organization, key) {
      erase.run(organization, bytesOfKey(key))
    },
  }
}

/** Keys are stored as bytes, since SQLite's text takes no lone surrogate and an id may hold U+0000. */
export function bytesOfKey(key: string): Buffer {
  if (isPoisonKey(key)) return Buffer.concat([Buffer.of(POISON_BYTE), sha256OfPoisonKey(key)])
  return Buffer.from(key, 'utf8')
}

export function keyOfBytes(bytes: Uint8Array): string {
  if (bytes[0] === POISON_BYTE) return poisonKey(bytes.subarray(1))
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
