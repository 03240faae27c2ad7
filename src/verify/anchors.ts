import type { Spool } from '../ports.ts'
import { HashPartitions, KEY_BYTES } from './hash-partitions.ts'

/** Where an anchor was kept: the journal's own ledger or head, a line of a file, the command line. */
export type AnchorOrigin =
  | { readonly kind: 'ledger'; readonly partition: number; readonly offset: number }
  | { readonly kind: 'head' }
  | { readonly kind: 'file'; readonly line: number }
  | { readonly kind: 'option' }

/** `chainHash` (32 bytes) was the organization's after `sequence`. */
export interface Anchor {
  /** The organization's number. */
  readonly owner: number
  readonly sequence: number
  readonly chainHash: Buffer
  readonly origin: AnchorOrigin
}

export type AnchorOutcome = 'agrees' | 'differs' | 'absent'

const KINDS = ['point', 'ledger', 'head', 'file', 'option'] as const
const KIND_AT = KEY_BYTES
const PARTITION_AT = KIND_AT + 4
const OFFSET_AT = PARTITION_AT + 4
const HASH_AT = OFFSET_AT + 8
const ENTRY_BYTES = HASH_AT + 32

/** Holds any number of anchors against any number of records: a join by organization and sequence. */
export class AnchorJoin {
  readonly #entries: HashPartitions
  readonly #entry = Buffer.alloc(ENTRY_BYTES)

  constructor(spool: Pick<Spool, 'append' | 'read'>) {
    this.#entries = new HashPartitions(spool, ENTRY_BYTES)
  }

  /** A record of the trail. */
  addPoint(owner: number, sequence: number, chainHash: Buffer): void {
    this.#add(owner, sequence, chainHash, 'point', 0, 0)
  }

  addAnchor({ owner, sequence, chainHash, origin }: Anchor): void {
    const partition = origin.kind === 'ledger' ? origin.partition : 0
    const offset = origin.kind === 'ledger' ? origin.offset : origin.kind === 'file' ? origin.line : 0
    this.#add(owner, sequence, chainHash, origin.kind, partition, offset)
  }

  /** What was stored at a sequence may stand there more than once: one that agrees is enough. */
  *results(): Generator<{ readonly anchor: Anchor; readonly outcome: AnchorOutcome }, void, undefined> {
    for (const group of this.#entries.groups()) {
      const points = group.filter(entry => entry.readInt32LE(KIND_AT) === 0)
      if (points.length === group.length) continue
      for (const entry of group) {
        if (entry.readInt32LE(KIND_AT) === 0) continue
        const agrees = points.some(point => point.compare(entry, HASH_AT, ENTRY_BYTES, HASH_AT) === 0)
        yield {
          anchor: anchorOf(entry),
          outcome: agrees ? 'agrees' : points.length > 0 ? 'differs' : 'absent',
        }
      }
    }
  }

  #add(
    owner: number,
    sequence: number,
    chainHash: Buffer,
    kind: (typeof KINDS)[number],
    partition: number,
    offset: number,
  ): void {
    const entry = this.#entry
    entry.writeInt32LE(owner, 0)
    entry.writeDoubleLE(sequence, 8)
    entry.writeInt32LE(KINDS.indexOf(kind), KIND_AT)
    entry.writeInt32LE(partition, PARTITION_AT)
    entry.writeDoubleLE(offset, OFFSET_AT)
    entry.set(chainHash, HASH_AT)
    this.#entries.add(entry)
  }
}

function anchorOf(entry: Buffer): Anchor {
  const kind = KINDS[entry.readInt32LE(KIND_AT)]!
  return {
    owner: entry.readInt32LE(0),
    sequence: entry.readDoubleLE(8),
    chainHash: Buffer.from(entry.subarray(HASH_AT)),
    origin: originOf(kind, entry.readInt32LE(PARTITION_AT), entry.readDoubleLE(OFFSET_AT)),
  }
}

function originOf(kind: (typeof KINDS)[number], partition: number, offset: number): AnchorOrigin {
  switch (kind) {
    case 'ledger':
      return { kind, partition, offset }
    case 'file':
      return { kind, line: offset }
    case 'option':
      return { kind }
    default:
      return { kind: 'head' }
  }
}
