import { createDice, type Dice } from './dice.ts'

/** What is done to the processes of the workers. */
const WORKER_FAULTS = ['kill', 'kill-all', 'freeze', 'terminate'] as const
/** The same to the worker that is publishing a backfill of several transactions, in the middle of it. */
const BACKFILL_FAULTS = ['kill-in-backfill', 'freeze-in-backfill', 'terminate-in-backfill'] as const
/** Between one worker and the brokers. */
const NETWORK_FAULTS = [
  'cut-network',
  'freeze-network',
  'freeze-network-in-backfill',
  'delay-network',
  'lose-produce-response',
  'lose-produce-request',
  'lose-commit-response',
  'lose-commit-request',
] as const
/** With three brokers: one after the other, each when all replicas are in sync again. */
const BROKER_FAULTS = ['kill-brokers', 'restart-brokers', 'freeze-broker'] as const
const HUB_FAULTS = ['break-download'] as const

export const FAULTS = [
  ...WORKER_FAULTS,
  ...BACKFILL_FAULTS,
  ...NETWORK_FAULTS,
  ...BROKER_FAULTS,
  ...HUB_FAULTS,
] as const
export type FaultKind = (typeof FAULTS)[number]

export interface PlannedFault {
  readonly kind: FaultKind
  /** From the start of the round. */
  readonly afterMs: number
  /** Which worker, broker or organization, counted from 0; taken modulo how many there are. */
  readonly target: number
  /** How long it lasts, or until what was killed is started again. */
  readonly forMs: number
  /** Of a delay; of what is done in a backfill, from its first transaction on. */
  readonly delayMs: number
  /** How many requests or responses are lost, one after the other. */
  readonly times: number
}

export interface PlannedRound {
  /** Counted from 1. */
  readonly number: number
  /** In the order in which they begin. */
  readonly faults: readonly PlannedFault[]
}

export interface PlanOptions {
  readonly seed: number
  readonly sessionTimeoutMs: number
}

const ROUND_MS = 2_500

/**
 * Rounds without end, the same for the same seed. Faults are dealt like cards: each kind comes once before any comes a
 * second time. At most one fault of a round concerns the brokers.
 */
export function* planRounds({ seed, sessionTimeoutMs }: PlanOptions): Generator<PlannedRound, never> {
  const dice = createDice(seed)
  let deck: FaultKind[] = []
  for (let number = 1; ; number++) {
    const faults: PlannedFault[] = []
    const wanted = dice.pick([2, 2, 3, 3, 4])
    while (faults.length < wanted) {
      if (deck.length === 0) deck = dice.shuffled(FAULTS)
      const brokersHit = faults.some(({ kind }) => isBrokerFault(kind))
      const index = brokersHit ? deck.findIndex(kind => !isBrokerFault(kind)) : 0
      if (index < 0) break
      const [kind] = deck.splice(index, 1)
      faults.push(plannedFault(kind!, sessionTimeoutMs, dice))
    }
    yield { number, faults: faults.sort((left, right) => left.afterMs - right.afterMs) }
  }
}

export function isBrokerFault(kind: FaultKind): boolean {
  return (BROKER_FAULTS as readonly string[]).includes(kind)
}

function plannedFault(kind: FaultKind, sessionTimeoutMs: number, dice: Dice): PlannedFault {
  const isFreeze = kind.startsWith('freeze')
  // Mostly for longer than the session time-out: then another worker takes over, and a zombie wakes up.
  const forMs =
    isFreeze && dice.chance(0.8)
      ? sessionTimeoutMs + dice.between(800, 3_000)
      : dice.between(100, isFreeze ? sessionTimeoutMs : 3_000)
  return {
    kind,
    afterMs: dice.between(0, ROUND_MS),
    target: dice.between(0, 1_000_000),
    forMs,
    delayMs: dice.between(5, 400),
    times: dice.between(1, 4),
  }
}
