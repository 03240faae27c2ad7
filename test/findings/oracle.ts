import type { LoggedEvent, ShownElement } from './hub-history.ts'

/**
 * What must be found, worked out from what each export showed, in the words of the README and without the program's
 * code: slow, and simple. Told as `KIND ids`, the ids sorted.
 */
export interface Shown {
  readonly elements: readonly ShownElement[]
  readonly receivedAtMs: number
}

interface Known {
  readonly id: string
  readonly createdAtMs: number
  readonly receivedAtMs: number
  /** Number of the poll that brought it. */
  readonly poll: number
  readonly filtered: boolean
  /** Of the first bytes, then of what was shown last: the event's version. */
  version: number
  pairTold: boolean
  /** Versions that were told, or known when another was. */
  readonly told: Set<number>
  misses: number
  readonly ahead: boolean
}

export interface PollTruth {
  readonly findings: readonly string[]
  /** Ids in the order of publication. */
  readonly published: readonly string[]
  readonly counts: {
    readonly fetched: number
    readonly alreadySeen: number
    readonly filtered: number
    readonly deadLettered: number
    readonly repeated: number
  }
}

/** How far a poll that was cut off came, as the journal shows it afterwards. */
export interface CutOff {
  readonly transactions: number
  readonly publishedIds: readonly string[]
  readonly deadLetters: readonly string[]
}

export class Oracle {
  readonly known = new Map<string, Known>()
  readonly #poison = new Set<string>()
  readonly #cap: number
  readonly #accepts: (type: string) => boolean
  #polls = 0
  #emptyInARow = 0
  #anyHead = false
  /** createdAt of the oldest event that a poll which was cut off had not published. */
  #openSince: number | undefined

  constructor(cap: number, accepts: (type: string) => boolean) {
    this.#cap = cap
    this.#accepts = accepts
  }

  /** A poll that got to its end. */
  finish(shown: Shown): PollTruth {
    const { elements } = shown
    const events = this.#eventsOf(elements)
    const news = [...events.values()].filter(([event]) => !this.known.has(event!.id)).map(([event]) => event!)
    const gap = this.#gap(shown, news)
    const changed = this.#changed(elements)
    const poison = new Set(elements.filter(({ event }) => event === undefined).map(({ bytes }) => bytes))
    const newPoison = [...poison].filter(bytes => !this.#poison.has(bytes))
    const seenBefore = this.known.size + this.#poison.size > 0
    const vanished = this.#vanished(shown, news, seenBefore)

    this.#openSince = this.#stillOpen(elements, news)
    this.#learn(news, shown)
    for (const bytes of newPoison) this.#poison.add(bytes)
    this.#anyHead = true
    this.#polls += 1
    const accepted = news.filter(({ type }) => this.#accepts(type))
    const distinct = events.size + poison.size
    return {
      findings: [...(gap ? ['GAP'] : []), ...changed, ...vanished],
      published: inOrder(accepted).map(({ id }) => id),
      counts: {
        fetched: elements.length,
        alreadySeen: distinct - news.length - newPoison.length,
        filtered: news.length - accepted.length,
        deadLettered: newPoison.length,
        repeated: elements.length - distinct,
      },
    }
  }

  /** A poll that was cut off; returns what must have been told all the same. */
  cutOff(shown: Shown, came: CutOff): readonly string[] {
    if (came.transactions === 0) return []
    const events = this.#eventsOf(shown.elements)
    const news = [...events.values()].filter(([event]) => !this.known.has(event!.id)).map(([event]) => event!)
    const gap = this.#gap(shown, news)
    const published = new Set(came.publishedIds)
    const unpublished = inOrder(news.filter(({ id, type }) => this.#accepts(type) && !published.has(id)))
    const earlier = this.#stillOpen(shown.elements, news)
    const next = unpublished[0]?.createdAtMs
    this.#openSince = next === undefined ? earlier : Math.min(next, earlier ?? Number.POSITIVE_INFINITY)
    this.#learn(
      news.filter(({ id }) => published.has(id)),
      shown,
    )
    for (const known of this.known.values()) if (published.has(known.id)) known.pairTold = false
    for (const bytes of came.deadLetters) this.#poison.add(bytes)
    this.#anyHead = true
    this.#polls += 1
    return gap ? ['GAP'] : []
  }

  /** The different elements of each event, in the order of the export. */
  #eventsOf(elements: readonly ShownElement[]): Map<string, LoggedEvent[]> {
    const events = new Map<string, LoggedEvent[]>()
    for (const { event } of elements) {
      if (event === undefined) continue
      const list = events.get(event.id) ?? []
      list.push(event)
      events.set(event.id, list)
    }
    return events
  }

  #learn(news: readonly LoggedEvent[], { elements, receivedAtMs }: Shown): void {
    for (const { id, createdAtMs, type } of news) {
      const contents = elements.filter(({ event }) => event?.id === id)
      this.known.set(id, {
        id,
        createdAtMs,
        receivedAtMs,
        poll: this.#polls,
        filtered: !this.#accepts(type),
        version: contents[0]!.event!.version,
        told: new Set(),
        pairTold: new Set(contents.map(({ bytes }) => bytes)).size > 1,
        misses: 0,
        ahead: createdAtMs > receivedAtMs,
      })
    }
  }

  /** At the cap, with something new, and nothing of before that was not dated ahead; or begun after what was cut off. */
  #gap({ elements }: Shown, news: readonly LoggedEvent[]): boolean {
    const shown = elements.flatMap(({ event }) => event ?? [])
    if (!this.#anyHead || elements.length < this.#cap || shown.length === 0) return false
    const connected = shown.some(({ id }) => this.known.get(id)?.ahead === false)
    if (this.known.size > 0 && news.length > 0 && !connected) return true
    return this.#isLost(elements, news)
  }

  #isLost(elements: readonly ShownElement[], news: readonly LoggedEvent[]): boolean {
    const dates = elements.flatMap(({ event }) => event?.createdAtMs ?? [])
    return (
      this.#openSince !== undefined &&
      elements.length >= this.#cap &&
      dates.length > 0 &&
      !news.some(({ createdAtMs }) => createdAtMs === this.#openSince) &&
      Math.min(...dates) >= this.#openSince
    )
  }

  #stillOpen(elements: readonly ShownElement[], news: readonly LoggedEvent[]): number | undefined {
    const isBrought = news.some(({ createdAtMs }) => createdAtMs === this.#openSince)
    return isBrought || this.#isLost(elements, news) ? undefined : this.#openSince
  }

  /** Other content than before, each content once; or several bytes in one export, once. */
  #changed(elements: readonly ShownElement[]): string[] {
    const byId = new Map<string, ShownElement[]>()
    for (const element of elements) {
      if (element.event === undefined) continue
      byId.set(element.event.id, [...(byId.get(element.event.id) ?? []), element])
    }
    const ids: string[] = []
    for (const [id, all] of byId) {
      const isPair = new Set(all.map(({ bytes }) => bytes)).size > 1
      const known = this.known.get(id)
      if (known === undefined) {
        if (isPair) ids.push(id)
        continue
      }
      const versions = all.map(({ event }) => event!.version)
      const isChanged = !versions.includes(known.version)
      const isNew = isChanged && !known.told.has(versions[0]!)
      const isTold = isNew || (isPair && !known.pairTold)
      if (isTold) {
        ids.push(id)
        known.told.add(known.version)
      }
      if (isChanged) known.version = versions[0]!
      if (isTold) known.told.add(known.version)
      if (isPair) known.pairTold = true
    }
    return ids.length === 0 ? [] : [['CHANGED', ...ids.sort()].join(' ')]
  }

  /** Missed by two exports in a row that should hold it. */
  #vanished(shown: Shown, news: readonly LoggedEvent[], seenBefore: boolean): string[] {
    const { elements, receivedAtMs } = shown
    const isEmpty = elements.length === 0 && seenBefore
    this.#emptyInARow = isEmpty ? this.#emptyInARow + 1 : 0
    if (isEmpty && this.#emptyInARow < 3) return []
    const present = new Set(elements.map(({ event, poisonedId }) => event?.id ?? poisonedId))
    const witnesses = [...this.known.values()].filter(({ id }) => present.has(id))
    const gone: string[] = []
    for (const event of this.known.values()) {
      if (present.has(event.id)) {
        event.misses = 0
        continue
      }
      if (event.filtered || event.misses >= 2) continue
      if (isEmpty) event.misses = 2
      else if (this.#shouldHold(event, witnesses, elements.length, news, receivedAtMs)) event.misses += 1
      else continue
      if (event.misses === 2) gone.push(event.id)
    }
    return gone.length === 0 ? [] : [['VANISHED', ...gone.sort()].join(' ')]
  }

  /** Taken after the event came, and reaching back to it; worked out pair by pair. */
  #shouldHold(
    event: Known,
    witnesses: readonly Known[],
    fetched: number,
    news: readonly LoggedEvent[],
    receivedAtMs: number,
  ): boolean {
    const { createdAtMs } = event
    const dates = [
      ...witnesses.filter(({ ahead }) => !ahead).map(witness => witness.createdAtMs),
      ...news.map(one => one.createdAtMs).filter(date => date <= receivedAtMs),
    ]
    const isFresh = dates.some(date => date > this.#cameBy(event))
    const reaches = fetched < this.#cap || witnesses.some(one => createdAtMs > this.#cameBy(one))
    return isFresh && reaches
  }

  /** With its date, or when it is dated before what was known already, with its poll, which is known to the second. */
  #cameBy({ poll, createdAtMs, receivedAtMs }: Known): number {
    const isLate = [...this.known.values()].some(
      other => !other.ahead && other.poll < poll && other.createdAtMs >= createdAtMs,
    )
    return isLate ? receivedAtMs + 1000 : createdAtMs
  }
}

/** Oldest first, then by the bytes of the id. */
function inOrder(events: readonly LoggedEvent[]): LoggedEvent[] {
  return [...events].sort(
    (a, b) => a.createdAtMs - b.createdAtMs || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
  )
}
