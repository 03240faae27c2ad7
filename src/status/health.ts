import type { Status } from './model.ts'

export interface Readiness {
  readonly ready: boolean
  /** In words, whether ready or not. For everybody: it names no organization and no server. */
  readonly reason: string
}

/**
 * Whether this worker can do its work: the journal is reachable and not every organization that it polls is blocked. A
 * standby, to which no organization was assigned, is ready: it takes over when another worker goes.
 */
export function readiness({ journal, organizations }: Status): Readiness {
  if (journal.state === 'opening') {
    return { ready: false, reason: 'the journal is not open yet' }
  }
  if (journal.state === 'unreachable') {
    return { ready: false, reason: 'the journal is not reachable' }
  }
  const own = organizations.filter(({ phase }) => phase !== 'elsewhere')
  if (own.length === 0) return { ready: true, reason: 'standby: no organization is assigned to this worker' }
  const blocked = own.filter(({ phase }) => phase === 'blocked').length
  if (blocked === own.length) return { ready: false, reason: `all ${blocked} organizations are blocked` }
  return { ready: true, reason: `${own.length} organizations, ${blocked} of them blocked` }
}
