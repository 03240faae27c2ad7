import type { UnknownTypeStatus } from './model.ts'

/** So many types of an organization are counted by name: what names a series must not come without end. */
export const UNKNOWN_TYPES_NAMED = 50
/** What the others are counted under: https://opentelemetry.io/docs/specs/semconv/general/recording-errors/ has it so. */
export const OTHER_TYPES = '_OTHER'

/** Published events of types that the catalogue lacks, by type. */
export class UnknownTypeCounts {
  readonly #byType = new Map<string, number>()

  add(type: string): void {
    const isNamed = this.#byType.has(type) || this.#byType.size < UNKNOWN_TYPES_NAMED
    const name = isNamed ? type : OTHER_TYPES
    this.#byType.set(name, (this.#byType.get(name) ?? 0) + 1)
  }

  /** The most frequent first, of the same number by name; what was not counted by name last. */
  counts(): UnknownTypeStatus[] {
    return [...this.#byType]
      .map(([type, events]) => ({ type, events }))
      .sort(
        (a, b) =>
          Number(a.type === OTHER_TYPES) - Number(b.type === OTHER_TYPES) ||
          b.events - a.events ||
          (a.type < b.type ? -1 : 1),
      )
  }
}
