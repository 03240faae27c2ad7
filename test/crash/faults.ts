import { setTimeout as sleep } from 'node:timers/promises'
import { END_TXN, PRODUCE } from '../support/tcp-proxy.ts'
import { loseNext } from './brokers.ts'
import type { FaultKind, PlannedFault } from './plan.ts'
import type { Worker } from './worker.ts'
import type { World } from './world.ts'

/** How long a backfill may take to begin, or a request to come, until the fault is taken for missed. */
const PATIENCE_MS = 8_000
/** So many published at once are a transaction of a backfill, not the log's ordinary growth. */
const BACKFILL_RECORDS = 300

type Perform = (fault: PlannedFault, world: World) => Promise<void>

/** Brings one fault about and ends it again; the world may still be recovering then. */
export async function perform(fault: PlannedFault, world: World): Promise<void> {
  await FAULT[fault.kind](fault, world)
}

const FAULT: Readonly<Record<FaultKind, Perform>> = {
  kill: (fault, world) => kill(workerOf(fault, world), fault, world),
  async 'kill-all'(fault, world) {
    await Promise.all(world.workers.map(worker => kill(worker, fault, world)))
  },
  freeze: (fault, world) => freeze(workerOf(fault, world), fault, world),
  terminate: (fault, world) => terminate(workerOf(fault, world), fault, world),

  'kill-in-backfill': inBackfill(kill),
  'freeze-in-backfill': inBackfill(freeze),
  'terminate-in-backfill': inBackfill(terminate),
  'freeze-network-in-backfill': inBackfill((worker, fault, world) =>
    freezeNetwork(world.workers.indexOf(worker), fault, world),
  ),

  async 'cut-network'(fault, { brokers, workers, figures }) {
    const { proxies } = brokers.networks[fault.target % workers.length]!
    for (const proxy of proxies) proxy.cut()
    figures.networkCuts += 1
    await sleep(fault.forMs)
    for (const proxy of proxies) proxy.heal()
  },
  'freeze-network': (fault, world) => freezeNetwork(fault.target % world.workers.length, fault, world),
  async 'delay-network'(fault, { brokers, workers, figures }) {
    const { proxies } = brokers.networks[fault.target % workers.length]!
    for (const proxy of proxies) proxy.delay(fault.delayMs)
    figures.networkDelays += 1
    await sleep(fault.forMs)
    for (const proxy of proxies) proxy.delay(0)
  },
  'lose-produce-response': lose(PRODUCE, 'response'),
  'lose-produce-request': lose(PRODUCE, 'request'),
  'lose-commit-response': lose(END_TXN, 'response'),
  'lose-commit-request': lose(END_TXN, 'request'),

  async 'kill-brokers'({ forMs }, { brokers, figures }) {
    for (const node of brokers.nodes) {
      await node.kill()
      figures.brokerKills += 1
      await sleep(forMs)
      await node.restart()
      await brokers.ready()
    }
  },
  async 'restart-brokers'(_, { brokers, figures }) {
    for (const node of brokers.nodes) {
      await node.restart()
      figures.brokerRestarts += 1
      await brokers.ready()
    }
  },
  async 'freeze-broker'({ target, forMs }, { brokers, figures }) {
    const node = brokers.nodes[target % brokers.nodes.length]!
    node.pause()
    figures.brokerFreezes += 1
    await sleep(forMs)
    node.resume()
    await brokers.ready()
  },

  async 'break-download'({ target }, { hub, organizations, figures }) {
    await hub.breakDownload(organizations[target % organizations.length]!)
    figures.brokenDownloads += 1
  },
}

function workerOf({ target }: PlannedFault, { workers }: World): Worker {
  return workers[target % workers.length]!
}

async function kill(worker: Worker, { forMs }: PlannedFault, { figures }: World): Promise<void> {
  if (worker.running()) figures.kills += 1
  else figures.missed += 1
  await worker.kill()
  await sleep(forMs)
  worker.start()
}

async function freeze(worker: Worker, { forMs }: PlannedFault, { figures }: World): Promise<void> {
  if (worker.running()) figures.freezes += 1
  else figures.missed += 1
  worker.freeze()
  await sleep(forMs)
  worker.thaw()
}

async function terminate(worker: Worker, { forMs }: PlannedFault, world: World): Promise<void> {
  const code = await worker.terminate()
  if (code === 0) world.figures.terminations += 1
  // Another fault may have killed it meanwhile; SIGTERM itself ends a process that has not yet begun to listen for it.
  else if (code === undefined || code === 'SIGKILL' || code === 'SIGTERM') world.figures.missed += 1
  else world.fail(`${worker.name} ended with ${code} after SIGTERM`)
  await sleep(forMs)
  worker.start()
}

async function freezeNetwork(
  index: number,
  { forMs }: PlannedFault,
  { brokers, figures }: World,
): Promise<void> {
  const { proxies } = brokers.networks[index]!
  for (const proxy of proxies) proxy.freeze()
  figures.networkFreezes += 1
  await sleep(forMs)
  for (const proxy of proxies) proxy.heal()
}

/** Lets a log jump, and hits the worker that publishes it while the first transactions are done and others are not. */
function inBackfill(hit: (worker: Worker, fault: PlannedFault, world: World) => Promise<void>): Perform {
  return async (fault, world) => {
    const organization = world.organizations[fault.target % world.organizations.length]!
    const before = await world.publishedRecords()
    await world.hub.append(organization, world.backfillEvents)
    const deadline = Date.now() + PATIENCE_MS
    while ((await world.publishedRecords()) < before + BACKFILL_RECORDS) {
      if (Date.now() > deadline) {
        world.figures.missed += 1
        return
      }
      await sleep(10)
    }
    await sleep(fault.delayMs)
    await hit(world.polls.pollerOf(organization) ?? workerOf(fault, world), fault, world)
  }
}

/** Nothing of a response, a part of its length, of its header, or of what it says. */
const PASSED_BYTES = [0, 2, 6, 13, 40] as const

function lose(apiKey: number, what: 'request' | 'response'): Perform {
  return async ({ times, target }, { brokers, figures }) => {
    const all = brokers.networks.flatMap(({ proxies }) => proxies)
    for (let time = 0; time < times; time++) {
      const passedBytes = PASSED_BYTES[(target + time) % PASSED_BYTES.length]!
      const lost = loseNext(all, apiKey, what, passedBytes).then(() => true)
      if (await Promise.race([lost, sleep(PATIENCE_MS, false)])) {
        if (what === 'request') figures.lostRequests += 1
        else figures.lostResponses += 1
        continue
      }
      for (const proxy of all) proxy.disarm()
      figures.missed += 1
      return
    }
  }
}
