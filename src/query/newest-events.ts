import type { Spool } from '../event/export.ts'
import { compareUtf8 } from '../event/fresh-events.ts'
import type { MatchedEvent } from './scan.ts'

/** So much is held beyond the wanted events before they are sorted and the rest is dropped. */
const SLACK_EVENTS = 1_000
const SLACK_BYTES = 3 * 1024 * 1024

interface Kept {
  readonly id: string
  readonly createdAtMs: number
  offset: number
  readonly length: number
}

/**
 * Keeps the newest `capacity` of the events that are added, whatever the order in which they come; newest first is by
 * `createdAt` as an instant, then by `_id` bytewise. Their bytes lie in a spool, which is changed for a fresh one when
 * most of what it holds has been dropped: what is held grows with what is wanted, not with what was looked at.
 */
export class NewestEvents {
  readonly #capacity: number
  readonly #createSpool: () => Spool
  #spool: Spool
  #spoolBytes = 0
  #kept: Kept[] = []
  /** Of a full house, when it was last sorted: the oldest event (what is older need not come in), and all bytes. */
  #oldest: Kept | undefined
  #wantedBytes = 0

  constructor(capacity: number, createSpool: () => Spool) {
    this.#capacity = capacity
    this.#createSpool = createSpool
    this.#spool = createSpool()
  }

  /** Copies the bytes. */
  add({ id, createdAtMs, bytes }: Pick<MatchedEvent, 'id' | 'createdAtMs' | 'bytes'>): void {
    if (this.#capacity === 0) return
    const kept = { id, createdAtMs, offset: 0, length: bytes.length }
    if (this.#oldest !== undefined && newestFirst(kept, this.#oldest) > 0) return
    kept.offset = this.#spool.append(bytes)
    this.#spoolBytes += bytes.length
    this.#kept.push(kept)
    if (this.#kept.length <= this.#capacity) return
    if (this.#kept.length >= 2 * this.#capacity + SLACK_EVENTS || this.#isWasteful()) this.#drop()
  }

  /** The events from `offset` on, newest first; each is good until the next. May be asked again. */
  *page(offset: number): Generator<Buffer, void, void> {
    this.#kept.sort(newestFirst)
    const end = Math.min(this.#kept.length, this.#capacity)
    for (let at = offset; at < end; at++) {
      const kept = this.#kept[at]!
      yield this.#spool.read(kept.offset, kept.length)
    }
  }

  /** Deletes what was spooled. May be called twice. */
  dispose(): void {
    this.#spool.dispose()
  }

  #isWasteful(): boolean {
    return this.#spoolBytes >= 2 * this.#wantedBytes + SLACK_BYTES
  }

  #drop(): void {
    this.#kept.sort(newestFirst)
    this.#kept.length = this.#capacity
    this.#oldest = this.#kept.at(-1)
    this.#wantedBytes = this.#kept.reduce((sum, { length }) => sum + length, 0)
    if (this.#isWasteful()) this.#respool()
  }

  #respool(): void {
    const stale = this.#spool
    this.#spool = this.#createSpool()
    try {
      for (const kept of this.#kept) kept.offset = this.#spool.append(stale.read(kept.offset, kept.length))
    } finally {
      stale.dispose()
    }
    this.#spoolBytes = this.#wantedBytes
  }
}

function newestFirst(a: Pick<Kept, 'id' | 'createdAtMs'>, b: Pick<Kept, 'id' | 'createdAtMs'>): number {
  return b.createdAtMs - a.createdAtMs || compareUtf8(b.id, a.id)
}
