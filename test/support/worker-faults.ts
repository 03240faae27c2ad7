import { setTimeout as sleep } from 'node:timers/promises'
import type { Dice } from '../crash/dice.ts'
import type { Deployment } from './deployment.ts'
import { shardsOf, type Worker } from './worker.ts'

export interface FaultCounts {
  kills: number
  freezes: number
  /** Frozen for longer than the session time-out. */
  zombies: number
  terminations: number
  starts: number
  bursts: number
}

export interface FaultPlan {
  /** Kept running, give or take one or two. */
  readonly workers: number
  readonly sessionTimeoutMs: number
  readonly untilMs: number
  readonly say: (line: string) => void
}

/** Below this many that run and answer nothing more is taken away: somebody must be there to take over. */
const LEAST_ANSWERING = 2

/**
 * Kills, freezes, ends and starts workers as the dice fall, while the logs grow by a few events every second and by many
 * at once now and then. Throws when a worker ends by itself, or badly.
 */
export async function causeTrouble(
  deployment: Deployment,
  dice: Dice,
  plan: FaultPlan,
): Promise<FaultCounts> {
  const counts: FaultCounts = { kills: 0, freezes: 0, zombies: 0, terminations: 0, starts: 0, bursts: 0 }
  const expectedToEnd = new Set<Worker>()
  const frozen = new Map<Worker, number>()
  let named = 0
  const startedAtMs = Date.now()
  const say = (what: string) => {
    const seconds = ((Date.now() - startedAtMs) / 1_000).toFixed(1).padStart(6)
    plan.say(`${seconds} s  ${what}`)
  }
  const start = (): void => {
    named += 1
    const worker = deployment.start(`w${named}`)
    say(`start   ${worker.name}`)
    void worker.ended.then(code => say(`        ${worker.name} ended with ${code}`))
  }
  const running = () =>
    deployment.workers.filter(worker => worker.endedWith() === undefined && !expectedToEnd.has(worker))
  const answering = () => running().filter(worker => !frozen.has(worker) && shardsOf(worker).size > 0)

  function strike(): void {
    const victims = answering()
    const victim = victims.length > LEAST_ANSWERING ? dice.pick(victims) : undefined
    const what = dice.pick(['kill', 'kill', 'freeze', 'freeze', 'terminate', 'start'] as const)
    if (what === 'start') {
      if (running().length >= plan.workers + 2) return
      counts.starts += 1
      start()
    } else if (victim === undefined) return
    else if (what === 'kill') {
      counts.kills += 1
      expectedToEnd.add(victim)
      say(`kill    ${victim.name}`)
      victim.kill('SIGKILL')
    } else if (what === 'terminate') {
      counts.terminations += 1
      expectedToEnd.add(victim)
      say(`end     ${victim.name}`)
      victim.kill('SIGTERM')
    } else {
      const forMs = dice.between(500, Math.round(2.5 * plan.sessionTimeoutMs))
      counts.freezes += 1
      if (forMs > plan.sessionTimeoutMs) counts.zombies += 1
      say(`freeze  ${victim.name} for ${forMs} ms`)
      victim.kill('SIGSTOP')
      frozen.set(victim, Date.now() + forMs)
    }
  }

  function thaw(all: boolean): void {
    for (const [worker, atMs] of frozen) {
      if (!all && Date.now() < atMs) continue
      frozen.delete(worker)
      say(`thaw    ${worker.name}`)
      worker.kill('SIGCONT')
    }
  }

  async function grow(): Promise<void> {
    for (let left = dice.between(0, 3); left > 0; left--) {
      const organization = dice.pick(deployment.organizations)
      await deployment.hub.control('append', { organization, events: dice.between(1, 20) })
    }
    if (!dice.chance(0.05)) return
    counts.bursts += 1
    await deployment.hub.control('append', {
      organization: dice.pick(deployment.organizations),
      events: dice.between(500, 3_000),
    })
  }

  function judge(): void {
    for (const worker of deployment.workers) {
      const code = worker.endedWith()
      if (code === undefined) continue
      if (!expectedToEnd.has(worker)) throw new Error(`${worker.name} ended with ${code} by itself`)
      if (code !== 0 && code !== 'SIGKILL') throw new Error(`${worker.name} ended with ${code} after SIGTERM`)
    }
  }

  let nextStrikeMs = Date.now() + 3_000
  let nextStartMs = 0
  while (Date.now() < plan.untilMs) {
    thaw(false)
    if (running().length < plan.workers && Date.now() >= nextStartMs) {
      start()
      nextStartMs = Date.now() + dice.between(500, 4_000)
    }
    if (Date.now() >= nextStrikeMs) {
      strike()
      nextStrikeMs = Date.now() + dice.between(4_000, 16_000)
    }
    await grow()
    judge()
    await sleep(1_000)
  }
  thaw(true)
  return counts
}
