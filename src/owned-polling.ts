import type { Organization } from './event/organization.ts'
import type { Logger } from './log.ts'
import { keepPolling, type PollingDependencies, type PollingSettings } from './polling.ts'
import type { Journal } from './ports.ts'
import { stoppedError } from './retry.ts'

export interface OwnedPollingSettings extends Omit<PollingSettings, 'organizations'> {
  readonly organizations: readonly Organization[]
}

/** Starts a loop for each organization as it becomes ours, and stops it when it is another worker's. */
export async function pollOwned(
  settings: OwnedPollingSettings,
  journal: Pick<Journal, 'ownership'>,
  polling: PollingDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { organizations } = settings
  const each: PollingSettings = { ...settings, organizations: organizations.length }
  const loops = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>()
  const failed = new AbortController()
  let fatal: unknown
  const all = AbortSignal.any([signal, failed.signal])

  function start(organization: Organization, previous: Promise<void> | undefined): void {
    const stop = new AbortController()
    const run = async (): Promise<void> => {
      await previous
      try {
        await keepPolling(organization, each, polling, AbortSignal.any([all, stop.signal]))
      } catch (error) {
        fatal = error
        failed.abort()
      }
    }
    loops.set(organization.identity, { stop, done: run() })
  }

  for await (const owned of journal.ownership(all)) {
    for (const organization of organizations) {
      const loop = loops.get(organization.identity)
      const running = loop !== undefined && !loop.stop.signal.aborted
      if (owned.has(organization.identity) && !running) start(organization, loop?.done)
      if (!owned.has(organization.identity) && running) loop.stop.abort()
    }
  }
  await Promise.all([...loops.values()].map(loop => loop.done))
  if (fatal !== undefined) throw fatal
}

/** The organizations that are ours as soon as that is known. Throws `STOPPED` when the signal comes first. */
export async function firstOwnership(
  journal: Pick<Journal, 'ownership'>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  for await (const owned of journal.ownership(signal)) return owned
  throw stoppedError(signal)
}

export function reportHeldElsewhere(
  log: Logger,
  organizations: readonly Organization[],
  owned: ReadonlySet<string>,
): void {
  const elsewhere = organizations.map(({ identity }) => identity).filter(identity => !owned.has(identity))
  if (elsewhere.length > 0)
    log.info({ organizations: elsewhere }, 'not polled here: another worker holds these')
}
