export const HOUR_MS = 3_600_000
/** How far back events are counted. */
export const HOURS_SHOWN = 48

/** Events by the hour of their time, for the last {@link HOURS_SHOWN} hours. */
export class HourlyCounts {
  readonly #byHour = new Map<number, number>()

  /** What lies before the hours that are shown, or after the one that runs, is not counted. */
  add(atMs: number, nowMs: number): void {
    const hour = Math.floor(atMs / HOUR_MS)
    const running = Math.floor(nowMs / HOUR_MS)
    if (hour > running || hour <= running - HOURS_SHOWN) return
    this.#byHour.set(hour, (this.#byHour.get(hour) ?? 0) + 1)
  }

  clear(): void {
    this.#byHour.clear()
  }

  /** The oldest first; the last is the hour that runs. Forgets what is older. */
  counts(nowMs: number): number[] {
    const first = Math.floor(nowMs / HOUR_MS) - HOURS_SHOWN + 1
    for (const hour of this.#byHour.keys()) if (hour < first) this.#byHour.delete(hour)
    return Array.from({ length: HOURS_SHOWN }, (_, index) => this.#byHour.get(first + index) ?? 0)
  }
}
