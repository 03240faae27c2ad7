import type { Spool } from '../ports.ts'
import { HashPartitions, KEY_BYTES } from './hash-partitions.ts'

export interface RecordPlace {
  /** The organization's number. */
  readonly owner: number
  readonly sequence: number
  readonly partition: number
  readonly offset: number
}

const OWNER_AT = KEY_BYTES
const PARTITION_AT = OWNER_AT + 4
const SEQUENCE_AT = PARTITION_AT + 4
const OFFSET_AT = SEQUENCE_AT + 8
const ENTRY_BYTES = OFFSET_AT + 8

/** Finds records with the same id among any number of them. */
export class DuplicateFinder {
  readonly #entries: HashPartitions
  readonly #entry = Buffer.alloc(ENTRY_BYTES)

  constructor(spool: Pick<Spool, 'append' | 'read'>) {
    this.#entries = new HashPartitions(spool, ENTRY_BYTES)
  }

  /** `id`: a UUID's text. */
  add(id: string, { owner, sequence, partition, offset }: RecordPlace): void {
    const entry = this.#entry
    entry.write(id.replaceAll('-', ''), 0, KEY_BYTES, 'hex')
    entry.writeInt32LE(owner, OWNER_AT)
    entry.writeInt32LE(partition, PARTITION_AT)
    entry.writeDoubleLE(sequence, SEQUENCE_AT)
    entry.writeDoubleLE(offset, OFFSET_AT)
    this.#entries.add(entry)
  }

  /** Each id that occurs more than once, with all its places in the order of the journal. */
  *found(): Generator<{ readonly id: string; readonly places: readonly RecordPlace[] }, void, undefined> {
    for (const group of this.#entries.groups(2)) {
      yield { id: uuidOf(group[0]!.toString('hex', 0, KEY_BYTES)), places: group.map(placeOf) }
    }
  }
}

function placeOf(entry: Buffer): RecordPlace {
  return {
    owner: entry.readInt32LE(OWNER_AT),
    sequence: entry.readDoubleLE(SEQUENCE_AT),
    partition: entry.readInt32LE(PARTITION_AT),
    offset: entry.readDoubleLE(OFFSET_AT),
  }
}

function uuidOf(hex: string): string {
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-')
}
