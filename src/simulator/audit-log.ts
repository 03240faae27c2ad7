import type { EventGenerator, Variation } from './generator.ts'
import { AUDITOR } from './generator.ts'
import type { Query } from './query.ts'
import { shuffleInPlace } from './random.ts'
import { type ToldEvent, toldElement } from './told-event.ts'

export type Order = 'newest-first' | 'oldest-first' | 'shuffled'

/** Where an event was put by hand, rather than where its number says. */
export interface Placement {
  readonly createdAtMs: number
  readonly type?: string
  readonly byAuditor?: boolean
  /** The element's exact bytes, instead of generated ones. */
  readonly raw?: Buffer
  /** What really happened here, instead of something invented. */
  readonly told?: ToldEvent
}

export interface WindowOptions {
  /** At most so many of the newest. */
  readonly cap: number
  readonly order: Order
  readonly shuffleSeed: number
  /** As the log was that many events ago. */
  readonly lagEvents?: number
  readonly query?: Query
}

/**
 * The log of one organization: a count, and the few events that do not lie where their number says. Events are made
 * when they are asked for; nothing else is held, however long the log is.
 */
export class AuditLog {
  readonly generator: EventGenerator
  #count: number
  #placements = new Map<number, Placement>()
  /** Numbers of the placed events, oldest first; undefined when it must be sorted again. */
  #placed: number[] | undefined = []
  #version = 0

  constructor(generator: EventGenerator, count: number) {
    this.generator = generator
    this.#count = count
  }

  /** How many events there are; they have the numbers 1 to this. */
  get count(): number {
    return this.#count
  }

  /** Another number after every change. */
  get version(): number {
    return this.#version
  }

  /** Appends events where their numbers say. Returns the number of the first. */
  grow(events: number): number {
    const first = this.#count + 1
    this.#count += events
    this.#version += 1
    return first
  }

  /** Appends one event that lies elsewhere. Returns its number. */
  place(placement: Placement): number {
    const n = this.grow(1)
    this.#placements.set(n, placement)
    this.#placed = undefined
    return n
  }

  /** Makes the log that long: appends, or forgets the latest numbers. */
  resize(count: number): void {
    for (const n of this.#placements.keys()) if (n > count) this.#placements.delete(n)
    this.#placed = undefined
    this.#count = count
    this.#version += 1
  }

  createdAtMs(n: number): number {
    return this.#placements.get(n)?.createdAtMs ?? this.generator.createdAtMs(n)
  }

  /** The bytes of an element, as JSON text unless they were given as bytes. */
  element(n: number, variation?: Variation): string | Buffer {
    const placement = this.#placements.get(n)
    if (placement === undefined) return this.generator.json(n, variation)
    if (placement.raw !== undefined) return placement.raw
    const { createdAtMs, type, byAuditor, told } = placement
    if (told !== undefined) return toldElement(this.generator.id(n), createdAtMs, told, variation)
    return this.generator.json(n, {
      ...variation,
      createdAtMs,
      ...(type !== undefined && { type }),
      ...(byAuditor !== undefined && { byAuditor }),
    })
  }

  author(n: number): string {
    const placement = this.#placements.get(n)
    if (placement?.told !== undefined) return placement.told.author.name
    return placement?.byAuditor === true ? AUDITOR.name : this.generator.author(n)
  }

  /** The numbers of the events of an export, in the order in which it lists them. */
  window(options: WindowOptions): Float64Array {
    const visible = Math.max(0, this.#count - (options.lagEvents ?? 0))
    const numbers = new Float64Array(Math.min(options.cap, visible))
    let length = 0
    for (const n of this.#newestFirst(visible)) {
      if (length === numbers.length) break
      if (options.query !== undefined && !this.#matches(n, options.query)) continue
      numbers[length] = n
      length += 1
    }
    const window = numbers.subarray(0, length)
    if (options.order === 'oldest-first') window.reverse()
    if (options.order === 'shuffled') shuffleInPlace(window, options.shuffleSeed)
    return window
  }

  /** By time, then by number, from the newest: two sorted lists merged. */
  *#newestFirst(visible: number): IterableIterator<number> {
    const placed = this.#placedOldestFirst()
    let n = visible
    for (let p = placed.length - 1; p >= 0; p -= 1) {
      const next = placed[p]!
      if (next > visible) continue
      const at = this.createdAtMs(next)
      for (; n > 0; n -= 1) {
        if (this.#placements.has(n)) continue
        const own = this.generator.createdAtMs(n)
        if (own < at || (own === at && n < next)) break
        yield n
      }
      yield next
    }
    for (; n > 0; n -= 1) if (!this.#placements.has(n)) yield n
  }

  #placedOldestFirst(): readonly number[] {
    if (this.#placed === undefined) {
      const at = (n: number) => this.#placements.get(n)!.createdAtMs
      this.#placed = [...this.#placements.keys()].sort((x, y) => at(x) - at(y) || x - y)
    }
    return this.#placed
  }

  #matches(n: number, query: Query): boolean {
    const placement = this.#placements.get(n)
    if (placement?.raw !== undefined) return false
    switch (query.key) {
      case 'type':
        return (placement?.told?.type ?? placement?.type ?? this.generator.type(n)) === query.value
      case 'author':
        return this.author(n) === query.value
      case 'ip':
        return (placement?.told === undefined ? this.generator.ip(n) : placement.told.ip) === query.value
    }
  }
}
