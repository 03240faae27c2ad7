import type { Organization } from './event/organization.ts'
import type { Logger } from './log.ts'
import { keepPolling, type PollingDependencies, type PollingSettings } from './polling.ts'
import type { Journal } from './ports.ts'
import { stoppedError } from './retry.ts'
import type { Roster } from './roster.ts'

export type OwnedPollingSettings = Omit<PollingSettings, 'organizations'>

interface Loop {
  readonly organization: Organization
  /** Cuts a poll off: the organization is another worker's now. */
  readonly stop: AbortController
  /** Lets a poll that is under way come to its end. */
  readonly end: AbortController
  readonly done: Promise<void>
  /** The last poll failed: it waits for its next try. */
  failing: boolean
}

/**
 * Starts a loop for each organization as it becomes ours, and stops it when it is another worker's. When the roster
 * changes, what was removed ends after the poll under way, and what waits after a failure is tried at once: the reason
 * for the change may be its mend.
 */
export async function pollOwned(
  settings: OwnedPollingSettings,
  roster: Pick<Roster, 'organizations' | 'onChange'>,
  journal: Pick<Journal, 'ownership'>,
  polling: PollingDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { organizations } = roster
  const loops = new Map<string, Loop>()
  const failed = new AbortController()
  let fatal: unknown
  const all = AbortSignal.any([signal, failed.signal])

  function start(organization: Organization): void {
    const previous = loops.get(organization.identity)?.done
    const [stop, end] = [new AbortController(), new AbortController()]
    const note: PollingDependencies = {
      ...polling,
      onPolled(...told) {
        loop.failing = false
        polling.onPolled(...told)
      },
      onFailed(...told) {
        loop.failing = true
        polling.onFailed(...told)
      },
    }
    const run = async (): Promise<void> => {
      await previous
      try {
        const each: PollingSettings = { ...settings, organizations: organizations.length }
        await keepPolling(organization, each, note, AbortSignal.any([all, stop.signal]), end.signal)
      } catch (error) {
        fatal = error
        failed.abort()
      }
    }
    const loop: Loop = { organization, stop, end, done: run(), failing: false }
    loops.set(organization.identity, loop)
  }

  function reconcile(owned: ReadonlySet<string>): void {
    for (const { organization, stop, end } of loops.values()) {
      if (!owned.has(organization.identity) && organizations.includes(organization)) stop.abort()
      else if (!organizations.includes(organization)) end.abort()
    }
    for (const organization of organizations) {
      const loop = loops.get(organization.identity)
      const running = loop !== undefined && !loop.stop.signal.aborted && !loop.end.signal.aborted
      if (owned.has(organization.identity) && !running) start(organization)
    }
  }

  while (!all.aborted) {
    const changed = new AbortController()
    const unsubscribe = roster.onChange(() => changed.abort())
    for await (const owned of journal.ownership(AbortSignal.any([all, changed.signal]))) reconcile(owned)
    unsubscribe()
    if (!changed.signal.aborted) break
    for (const loop of loops.values()) if (loop.failing) loop.end.abort()
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
