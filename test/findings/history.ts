import fc from 'fast-check'
import { idOf } from '../support/exports.ts'
import {
  type Cut,
  elementOf,
  type LoggedEvent,
  type LogState,
  poisonElement,
  poisonedElement,
  type ShownElement,
  windowOf,
} from './hub-history.ts'
import { createRandom, type Random } from './random.ts'

/** What happens between two polls, and how the next one goes. Small numbers, so that a failure shrinks to few of them. */
export interface Step {
  readonly waitSeconds: number
  readonly arrive: number
  readonly late: number
  readonly ahead: number
  readonly remove: number
  readonly change: number
  readonly rewrite: number
  /** How many states ago the replica has its log from. */
  readonly lag: number
  readonly answer: 'log' | 'empty' | 'broken'
  readonly repeat: number
  readonly repeatOther: number
  readonly poison: number
  readonly poisoned: number
  readonly order: 'newest-first' | 'oldest-first' | 'shuffled'
  readonly seed: number
  /** The journal breaks down before or after storing this transaction of the poll. */
  readonly cut: { readonly at: number; readonly stored: boolean } | null
}

export interface History {
  readonly cap: number
  readonly cut: Cut
  readonly maxEvents: number
  readonly backlog: number
  readonly steps: readonly Step[]
}

const rarely = (max: number, weight = 6) =>
  fc.oneof({ weight, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max }) })

const step: fc.Arbitrary<Step> = fc.record({
  waitSeconds: fc.integer({ min: 1, max: 40_000 }),
  arrive: fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: 5, max: 25 }) },
  ),
  late: rarely(2, 3),
  ahead: rarely(2, 8),
  remove: rarely(2, 3),
  change: rarely(2),
  rewrite: rarely(3, 2),
  lag: rarely(3, 2),
  answer: fc.oneof(
    { weight: 10, arbitrary: fc.constant('log' as const) },
    { weight: 1, arbitrary: fc.constant('empty' as const) },
    { weight: 1, arbitrary: fc.constant('broken' as const) },
  ),
  repeat: rarely(2),
  repeatOther: rarely(2),
  poison: rarely(2),
  poisoned: rarely(1),
  order: fc.constantFrom('newest-first', 'oldest-first', 'shuffled'),
  seed: fc.nat({ max: 1_000_000 }),
  cut: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ at: fc.nat({ max: 3 }), stored: fc.boolean() }) },
  ),
})

export const history: fc.Arbitrary<History> = fc.record({
  cap: fc.oneof(fc.integer({ min: 5, max: 14 }), fc.constant(1_000)),
  cut: fc.constantFrom<Cut>('by-date', 'by-arrival'),
  maxEvents: fc.integer({ min: 1, max: 5 }),
  backlog: fc.nat({ max: 18 }),
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
})

export const START_MS = Date.UTC(2026, 10, 1)
const DAY_MS = 24 * 3_600_000

export interface KnownToPolls {
  readonly ids: ReadonlyMap<string, unknown>
  /** Those dated ahead left out. */
  readonly newestMs: number | undefined
}

/** Plays a history: the log as it grows, and what each poll is shown of it. */
export class Hub {
  readonly #history: History
  readonly #states: LogState[] = []
  /** How much happened up to each state: a replica that lags further than entries are remembered proves nothing. */
  readonly #happened: number[] = []
  #log: LoggedEvent[] = []
  #count = 0
  #removed = 0
  #happenings = 0
  nowMs = START_MS

  constructor(history: History) {
    this.#history = history
    this.#arrive(history.backlog, START_MS - 30 * DAY_MS)
  }

  /** The log as it is now. */
  get log(): LogState {
    return this.#log
  }

  /**
   * One step on. An event is late when it is dated before the youngest that any poll has shown; all others arrive in the
   * order of their dates.
   */
  play(step: Step, known: KnownToPolls): readonly ShownElement[] | 'broken' {
    const random = createRandom(step.seed)
    const before = this.nowMs
    this.nowMs += step.waitSeconds * 1000
    this.#arrive(step.arrive, before)
    for (let n = 0; n < step.late; n++) this.#arriveLate(random, known.newestMs)
    for (let n = 0; n < step.ahead; n++) this.#add(this.nowMs + (400 + random.below(9)) * DAY_MS)
    // Fewer than what is remembered of absent events: more would bring forgotten ones back into the window.
    for (let n = 0; n < step.remove && this.#removed < this.#history.cap - 2; n++) this.#remove(random)
    for (let n = 0; n < step.change; n++)
      this.#edit(random, event => ({ ...event, version: event.version + 1 }))
    for (let n = 0; n < step.rewrite; n++) {
      this.#edit(random, event => ({ ...event, rewrites: event.rewrites + 1 }))
    }
    this.#states.push([...this.#log])
    this.#happenings += step.arrive + step.late + step.ahead + step.remove + step.poison + step.poisoned
    this.#happened.push(this.#happenings)
    if (step.answer === 'broken') return 'broken'
    return step.answer === 'empty' ? [] : this.#show(step, random, id => known.ids.has(id))
  }

  #show(step: Step, random: Random, isKnown: (id: string) => boolean): readonly ShownElement[] {
    const { cap, cut } = this.#history
    const state = this.#states[this.#replica(step.lag)]!
    const window = windowOf(state, cap, cut)
    const elements = window.map(event => elementOf(event, random.below(3)))
    const pick = () => window[random.below(window.length)]!
    if (step.order === 'newest-first') elements.reverse()
    if (window.length > 0) {
      for (let n = 0; n < step.repeat; n++) elements.push(elements[random.below(elements.length)]!)
      for (let n = 0; n < step.repeatOther; n++) {
        const event = pick()
        elements.push(
          elementOf({ ...event, version: event.version + 100 + random.below(2) }, random.below(3)),
        )
      }
      for (let n = 0; n < step.poisoned; n++) {
        const event = pick()
        // Events are dated as they arrive: one that shows only later, when its poison is gone, would not be.
        if (!isKnown(event.id)) continue
        for (let at = elements.length - 1; at >= 0; at--) {
          if (elements[at]!.event?.id === event.id)
            elements[at] = poisonedElement(event, this.#poisonNumber(random))
        }
      }
    }
    for (let n = 0; n < step.poison; n++)
      elements.push(poisonElement(random.below(5), this.#poisonNumber(random)))
    if (step.order === 'shuffled') random.shuffle(elements)
    return elements
  }

  /** With a small cap poison that was absent is soon forgotten, and would be dead-lettered once more: there each is new. */
  #poisonNumber(random: Random): number {
    const n = random.below(3)
    return this.#history.cap < 1_000 ? this.#states.length * 3 + n : n
  }

  #replica(lag: number): number {
    const last = this.#states.length - 1
    let replica = last
    while (
      replica > 0 &&
      last - replica < lag &&
      this.#happened[last]! - this.#happened[replica - 1]! <= this.#history.cap / 2
    ) {
      replica -= 1
    }
    return replica
  }

  #arrive(events: number, afterMs: number): void {
    const span = this.nowMs - afterMs
    for (let n = 1; n <= events; n++) {
      // One in three or so at the time of its predecessor.
      const at = n % 3 === 0 ? n - 1 : n
      this.#add(afterMs + Math.floor((span * at) / (events + 1)) + 1)
    }
  }

  #arriveLate(random: Random, newestKnownMs: number | undefined): void {
    if (newestKnownMs !== undefined) this.#add(newestKnownMs - random.below(40 * 24 * 3_600) * 1000)
  }

  #add(createdAtMs: number): void {
    this.#count += 1
    const type = this.#count % 5 === 0 ? 'org.create' : 'repo.create'
    this.#log.push({ id: idOf(this.#count), createdAtMs, type, version: 0, rewrites: 0 })
  }

  #remove(random: Random): void {
    if (this.#log.length === 0) return
    this.#log.splice(random.below(this.#log.length), 1)
    this.#removed += 1
  }

  #edit(random: Random, change: (event: LoggedEvent) => LoggedEvent): void {
    if (this.#log.length === 0) return
    const at = random.below(this.#log.length)
    this.#log[at] = change(this.#log[at]!)
  }
}
