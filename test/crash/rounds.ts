import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Brokers, startBrokers } from './brokers.ts'
import { perform } from './faults.ts'
import type { Figures } from './figures.ts'
import { type PlannedRound, planRounds } from './plan.ts'
import { verdictOf } from './verdict.ts'
import { HangingTransaction, startWorld, type World } from './world.ts'

export interface CrashOptions {
  readonly seed: number
  readonly nodes: 1 | 3
  readonly workers: number
  /** True when that was the last round. */
  isEnough(rounds: number): boolean
  /** After so many rounds everything that is published is read and checked. */
  readonly checkEvery: number
  /** After so many rounds it goes on with new topics and new logs. */
  readonly roundsPerWorld: number
  /** What is kept of it: logs, plan, verdict. */
  readonly folder: string
  /** Counted up as it goes on, so that they tell how far it came. */
  readonly figures: Figures
  say(line: string): void
}

const SESSION_TIMEOUT_MS = 3_000

/** Rounds of faults until it is enough. Throws at the first thing that is not as promised. */
export async function crashRounds(options: CrashOptions): Promise<void> {
  const { figures } = options
  const plan = planRounds({ seed: options.seed, sessionTimeoutMs: SESSION_TIMEOUT_MS })
  mkdirSync(options.folder, { recursive: true })
  const brokers = await startBrokers(options.nodes, options.workers)
  try {
    for (let number = 1; !options.isEnough(figures.rounds); number++)
      await inOneWorld(options, brokers, number, plan)
  } finally {
    keepBrokerLogs(brokers, options.folder)
    await brokers.stop()
  }
}

async function inOneWorld(
  options: CrashOptions,
  brokers: Brokers,
  number: number,
  plan: Generator<PlannedRound, never>,
): Promise<void> {
  const { figures } = options
  const world = await startWorld({
    seed: options.seed + number,
    name: `crash-${number}`,
    brokers,
    figures,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    folder: join(options.folder, `world-${number}`),
  })
  const before = { events: figures.events, aborted: figures.abortedRecords }
  try {
    for (let round = 1; round <= options.roundsPerWorld; round++) {
      world.go()
      const planned = plan.next().value
      try {
        await oneRound(planned, world, options)
      } catch (error) {
        if (!isBrokersLoss(planned, error) || figures.lostByBroker > 0) throw error
        figures.lostByBroker += 1
        options.say(
          `round ${planned.number} (${world.topic}): a broker lost the end of a transaction; a new world`,
        )
        return
      }
      const isLast = round === options.roundsPerWorld || options.isEnough(figures.rounds)
      if (isLast || figures.rounds % options.checkEvery === 0) await check(world, before, options)
      if (isLast) return
    }
  } finally {
    figures.longestUnpolledMs = Math.max(figures.longestUnpolledMs, world.polls.longestUnpolledMs())
    await world.stop()
  }
}

/**
 * A broker that stops while it writes the markers of a transaction can lose them for good. The connector publishes
 * nothing there until a person ends it, as it must; there is nothing left to see in this world. Once in a run, and only
 * where a broker was stopped: more would be our own doing.
 */
function isBrokersLoss({ faults }: PlannedRound, error: unknown): boolean {
  const isStopped = faults.some(({ kind }) => kind === 'kill-brokers' || kind === 'restart-brokers')
  return error instanceof HangingTransaction && isStopped
}

async function oneRound(round: PlannedRound, world: World, options: CrashOptions): Promise<void> {
  const { figures, hub } = world
  writeFileSync(join(options.folder, `round-${round.number}.json`), JSON.stringify(round, undefined, 1))
  const words = round.faults.map(({ kind, afterMs }) => `${kind} at ${afterMs} ms`).join(', ')
  const started = performance.now()
  await Promise.all(
    round.faults.map(async fault => {
      await sleep(fault.afterMs)
      await perform(fault, world)
    }),
  )
  world.heal()
  const healed = performance.now()
  await world.polledAgain()
  figures.rounds += 1
  const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
  options.say(
    `round ${round.number} (${world.topic}): ${words}; ${seconds(started, healed)} s, all polled again ${seconds(healed, performance.now())} s later; ${hub.appended()} events arrived so far`,
  )
}

async function check(
  world: World,
  before: { readonly events: number; readonly aborted: number },
  { folder, say }: CrashOptions,
): Promise<void> {
  const { figures } = world
  await world.rest()
  const { report, problems } = await verdictOf(world)
  writeFileSync(join(folder, `${world.topic}-report.json`), JSON.stringify(report, undefined, 1))
  const found = Object.values(report.organizations ?? {})
  const sum = (of: (one: (typeof found)[number]) => number) =>
    found.reduce((total, one) => total + of(one), 0)
  figures.events = before.events + sum(one => one.expected)
  figures.abortedRecords = before.aborted + (report.aborted ?? 0)
  figures.missing += sum(one => one.missing)
  figures.doubled += sum(one => one.doubled)
  say(
    `  read as a stranger: ${sum(one => one.expected)} events, ${report.records} records, ${report.ledgerEntries} ledger entries, ${report.aborted} aborted records; lost ${sum(one => one.missing)}, duplicated ${sum(one => one.doubled)}, other problems ${problems.length}`,
  )
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

function keepBrokerLogs(brokers: Brokers, folder: string): void {
  for (const { logFile } of brokers.nodes) copyFileSync(logFile, join(folder, `broker-${basename(logFile)}`))
}
