import { setTimeout as sleep } from 'node:timers/promises'
import { type SimulatorProcess, startSimulatorProcess } from '../support/simulator-process.ts'
import { createDice } from './dice.ts'

/** A simulated Hub whose logs grow all the time. */
export interface GrowingHub {
  readonly url: string
  /** Events that were appended since the start. */
  appended(): number
  append(organization: string, events: number): Promise<void>
  /** The next download of this organization breaks off in the middle. */
  breakDownload(organization: string): Promise<void>
  grow(): void
  /** Resolves when the last append has been answered. */
  rest(): Promise<void>
  stop(): Promise<void>
}

export interface GrowingHubOptions {
  readonly seed: number
  readonly organizations: readonly string[]
  /** In each log at the start. */
  readonly events: number
  readonly eventBytes: number
}

const TICK_MS = 200
const OLDEST_MS = Date.UTC(2019, 0, 1)
const NEWEST_OLD_MS = Date.UTC(2025, 11, 31)

/** Some events arrive late, with a date of years ago; the order of the exports changes now and then. */
export async function startGrowingHub(options: GrowingHubOptions): Promise<GrowingHub> {
  const { seed, organizations, events, eventBytes } = options
  const dice = createDice(seed, 1)
  const hub: SimulatorProcess = await startSimulatorProcess({
    seed,
    organizations,
    events,
    eventBytes,
    prepared: false,
  })
  let appended = 0
  let growing: AbortController | undefined
  let resting: Promise<void> = Promise.resolve()

  async function append(control: {
    organization: string
    events: number
    createdAt?: number
    stepMs?: number
  }): Promise<void> {
    await hub.control('append', control)
    appended += control.events
  }

  async function growUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const organization = dice.pick(organizations)
      const late = { createdAt: dice.between(OLDEST_MS, NEWEST_OLD_MS), stepMs: dice.between(0, 1_000) }
      await append({ organization, events: dice.between(1, 6), ...(dice.chance(0.25) ? late : {}) })
      if (dice.chance(0.1)) {
        const order = dice.pick(['newest-first', 'oldest-first', 'shuffled'])
        await hub.control('order', { order, shuffleSeed: dice.between(0, 1_000_000) })
      }
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  return {
    url: hub.url,
    appended: () => appended,
    append: (organization, count) => append({ organization, events: count }),
    async breakDownload(organization) {
      const afterBytes = dice.between(1, eventBytes * events)
      await hub.control('fault', { kind: 'reset', organization, afterBytes, times: 1 })
    },
    grow() {
      if (growing !== undefined) return
      growing = new AbortController()
      resting = growUntil(growing.signal)
      // Told by `rest`.
      resting.catch(() => undefined)
    },
    async rest() {
      growing?.abort()
      growing = undefined
      await resting
    },
    async stop() {
      growing?.abort()
      await hub.stop()
    },
  }
}
