import { nextChainHash } from '../event/chain.ts'
import { compareUtf8 } from '../event/fresh-events.ts'
import type { Problems } from './problems.ts'

/** What the trail needs to know of one record. */
export interface Link {
  readonly sequence: number
  /** As the record says it: 32 bytes. */
  readonly chainHash: Buffer
  /** Of the raw element, 32 bytes. */
  readonly elementSha256: Buffer
  readonly sourceID: string
  readonly eventID: string
  readonly eventTime: number
  readonly receivedAt: number
  readonly partition: number
  readonly offset: number
}

/** What the store says that retention has left of a trail. */
export interface Retention {
  /** Sequence of the first record that is kept; undefined where the store does not know it. */
  readonly firstSequence: number | undefined
  /** The first offset that is kept in the trail's partition. */
  readonly firstOffset: number
}

export interface TrailCheckTools {
  readonly problems: Problems
  readonly position: (link: Link) => string
  /** Called for each record that belongs to the trail, in its order. */
  readonly onLink: (link: Link) => void
}

interface Aside {
  readonly link: Link
  readonly told: boolean
  /** The trail went on from the last one. */
  passed: boolean
}

interface Hole {
  readonly before: Link
  readonly after: Link
}

/** More holes than these are told even if retention should explain them. */
const OPEN_HOLES = 1_000

/**
 * Follows one organization's trail record by record: sequence without a hole, each hash from the one before. After a
 * break it goes on with what the stored hashes say, so that one change is told once and not for every record after it.
 */
export class TrailCheck {
  readonly #tools: TrailCheckTools
  readonly #holes: Hole[] = []
  #first: Link | undefined
  #last: Link | undefined
  /**
   * A record that does not follow from the last one. Where the trail goes on after it, not after the last one, it was
   * the right one (a hole lies before it, or what stands in its place is forged); else it does not belong here.
   */
  #aside: Aside | undefined

  constructor(tools: TrailCheckTools) {
    this.#tools = tools
  }

  get first(): Link | undefined {
    return this.#first
  }

  get last(): Link | undefined {
    return this.#last
  }

  take(link: Link): void {
    if (this.#last === undefined) {
      this.#goOn(link)
      return
    }
    this.#tellOvertaken(this.#last)
    if (follows(this.#last, link)) {
      this.#goOnInOrder(link)
    } else if (this.#aside !== undefined && follows(this.#aside.link, link)) {
      this.#acceptAside()
      this.#goOnInOrder(link)
    } else if (link.sequence === this.#last.sequence + 1) {
      this.#tellBrokenChain(this.#last, link)
      this.#goOnInOrder(link)
    } else if (link.sequence <= this.#last.sequence) {
      this.#tellOutOfPlace(link, `comes after ${this.#last.sequence}`)
      if (this.#aside?.told !== false) this.#aside = { link, told: true, passed: false }
    } else {
      this.#takeAhead(link)
    }
  }

  /** What retention took while the records were read is no hole. */
  finish(retention: Retention): void {
    if (this.#last !== undefined) this.#tellOvertaken(this.#last)
    if (this.#aside?.told === false) {
      if (this.#aside.passed) this.#tellOutOfPlace(this.#aside.link, 'is where it does not follow')
      else this.#acceptAside()
    }
    for (const hole of this.#holes) if (!isGone(hole.before, retention)) this.#tellHole(hole)
  }

  /** First sequence before which everything may have been taken by retention while the records were read. */
  reachesBackTo(retention: Retention): number {
    const gone = this.#holes.filter(hole => isGone(hole.before, retention))
    return gone.at(-1)?.after.sequence ?? this.#first?.sequence ?? 1
  }

  #takeAhead(link: Link): void {
    if (this.#aside?.told === false) {
      if (this.#aside.link.sequence < link.sequence && !this.#aside.passed) {
        this.#acceptAside()
        this.take(link)
        return
      }
      this.#tellOutOfPlace(this.#aside.link, 'is where it does not follow')
    }
    this.#aside = { link, told: false, passed: false }
  }

  #goOn(link: Link): void {
    if (this.#first === undefined || link.sequence < this.#first.sequence) this.#first = link
    this.#last = link
    this.#tools.onLink(link)
  }

  #goOnInOrder(link: Link): void {
    const before = this.#last!
    // One export, so one poll or one part of it.
    if (before.receivedAt === link.receivedAt && before.sequence + 1 === link.sequence) {
      const time = before.eventTime - link.eventTime
      if (time > 0 || (time === 0 && compareUtf8(before.eventID, link.eventID) > 0)) this.#tellOrder(link)
    }
    this.#goOn(link)
    const aside = this.#aside
    if (aside !== undefined) aside.passed = true
    if (aside?.told === false && follows(link, aside.link)) {
      this.#aside = undefined
      this.#tellOutOfPlace(aside.link, `comes before ${link.sequence}`)
      this.#goOn(aside.link)
    }
  }

  /** A record that stood ahead, and the trail has come past it without it. */
  #tellOvertaken(last: Link): void {
    const aside = this.#aside
    if (aside === undefined || aside.told || aside.link.sequence > last.sequence) return
    this.#tellOutOfPlace(aside.link, 'is where it does not follow')
    this.#aside = { ...aside, told: true }
  }

  #acceptAside(): void {
    const { link, told } = this.#aside!
    this.#aside = undefined
    if (!told) {
      const hole = { before: this.#last!, after: link }
      if (this.#holes.length < OPEN_HOLES) this.#holes.push(hole)
      else this.#tellHole(hole)
    }
    this.#goOn(link)
  }

  #tellHole({ before, after }: Hole): void {
    const [from, to] = [before.sequence + 1, after.sequence - 1]
    const what = from === to ? `${from} is` : `${from} to ${to} (${to - from + 1} records) are`
    this.#tell(
      'sequence',
      after,
      `sequence ${before.sequence} is followed by ${after.sequence}: ${what} missing`,
    )
  }

  #tellOutOfPlace(link: Link, where: string): void {
    this.#tell(
      'sequence',
      link,
      `sequence ${link.sequence} ${where}: a record that is repeated, was added, or was moved`,
    )
  }

  #tellBrokenChain(before: Link, link: Link): void {
    this.#tell(
      'chain',
      link,
      `the chain hash of sequence ${link.sequence} does not follow from ${before.sequence} and its own raw text: ` +
        `one of these two records was changed or replaced (the one before lies at ${this.#tools.position(before)})`,
    )
  }

  #tellOrder(link: Link): void {
    this.#tell(
      'order',
      link,
      `sequence ${link.sequence} is older than the one before it, although one poll published both`,
    )
  }

  #tell(kind: 'sequence' | 'chain' | 'order', link: Link, message: string): void {
    const { problems, position } = this.#tools
    problems.add(kind, () => ({ position: position(link), sequence: link.sequence, message }))
  }
}

/** Whether the store has meanwhile given up the record for its age. */
function isGone(link: Link, { firstSequence, firstOffset }: Retention): boolean {
  return firstSequence === undefined ? link.offset < firstOffset : link.sequence < firstSequence
}

function follows(before: Link, link: Link): boolean {
  return (
    link.sequence === before.sequence + 1 &&
    nextChainHash(before.chainHash, link.elementSha256).equals(link.chainHash)
  )
}
