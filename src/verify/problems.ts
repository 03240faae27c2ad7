/** What can be wrong with a stored trail. */
export type ProblemKind =
  | 'unreadable' // not framed as ours, an unknown schema, or not what the schema says
  | 'key' // stored under another organization, or in a partition where nobody looks for it
  | 'headers' // the CloudEvents headers say something else than the record
  | 'columns' // a column says something else than the raw text, or than the store
  | 'source' // the record is of a Hub that nothing here knows of
  | 'beginning' // the first records are not there, and no retention took them
  | 'sequence' // a hole, a repetition, or out of place
  | 'chain' // the hash does not follow from the one before and the raw text
  | 'order' // within a poll not oldest first
  | 'duplicate' // the same event twice
  | 'end' // records after the end that is known, or before it none
  | 'checkpoint' // no readable head to hold the end against
  | 'anchor' // a hash that was kept is not the one here
  | 'ledger' // books that do not balance
  | 'dead-letter' // bytes that are not those of the hash
  | 'missing' // in the Hub's export, and not here
  | 'unknown' // here, and not in an export that should have it
  | 'changed' // other content in the Hub's export than here

export interface Problem {
  readonly kind: ProblemKind
  /** Where it lies, for people: `topic[partition]@offset`, or the row's number. */
  readonly position: string | undefined
  readonly sequence: number | undefined
  readonly message: string
}

export interface ProblemPlace {
  readonly position?: string | undefined
  readonly sequence?: number | undefined
}

/** Counts all problems and keeps the first of each kind: a journal that is wrong throughout must not fill the memory. */
export class Problems {
  readonly #limit: number
  readonly #counts = new Map<ProblemKind, number>()
  readonly #kept: Problem[] = []

  /** `limit`: how many of each kind are kept. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** `describe` is called for those that are kept. */
  add(kind: ProblemKind, describe: () => ProblemPlace & { readonly message: string }): void {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    if (count > this.#limit) return
    const { position, sequence, message } = describe()
    this.#kept.push({ kind, position, sequence, message })
  }

  get kept(): readonly Problem[] {
    return this.#kept
  }

  get counts(): ReadonlyMap<ProblemKind, number> {
    return this.#counts
  }

  get total(): number {
    let total = 0
    for (const count of this.#counts.values()) total += count
    return total
  }
}
