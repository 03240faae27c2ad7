import { ConnectorError } from '../errors.ts'
import { REPOSITORY_TYPES } from '../event/repository-types.ts'
import { actionMeaning } from './action.ts'
import { addressQuery } from './address.ts'
import type { EventQuery } from './event-query.ts'
import { INSTANT_FORMS, parseInstant } from './instant.ts'
import type { QueryOptions } from './query-options.ts'

export interface ReadQuery {
  readonly query: EventQuery
  /** What a person should know of how the query was understood: sentences. */
  readonly notes: readonly string[]
  /** Actions that are no event type of this release: new ones, or misspelt. They are looked for as they are. */
  readonly unknownActions: readonly string[]
}

/**
 * Reads a query. `shownName` is what an error calls an option. Throws one `CONFIG_INVALID` that names every mistake, those
 * found before among them.
 */
export function readQuery(
  options: QueryOptions,
  nowMs: number,
  shownName: (option: keyof QueryOptions) => string = option => option,
  foundBefore: readonly string[] = [],
): ReadQuery {
  const errors: string[] = [...foundBefore]
  const notes: string[] = []
  const wrong = (option: keyof QueryOptions, value: unknown, allowed: string): undefined => {
    errors.push(`${shownName(option)} is ${shown(value)}; ${allowed}`)
  }
  const textOf = (option: 'user' | 'text' | 'ip'): string | undefined => {
    const value = options[option]
    if (value === undefined || (typeof value === 'string' && value.trim() !== '')) return value
    return wrong(option, value, 'allowed is a text that is not empty')
  }
  const instantOf = (option: 'start' | 'end'): number | undefined => {
    const value = options[option]
    if (value === undefined) return undefined
    const ms = value instanceof Date ? value.getTime() : parseInstant(String(value), nowMs)
    return ms === undefined || Number.isNaN(ms) ? wrong(option, value, INSTANT_FORMS) : ms
  }

  const user = textOf('user')
  const text = textOf('text')
  const ip = textOf('ip')?.trim()
  const address = ip === undefined ? undefined : addressQuery(ip)
  if (ip !== undefined && address === undefined) {
    wrong('ip', ip, 'allowed are an address such as 203.0.113.7 and a network such as 203.0.113.0/24')
  }
  const startMs = instantOf('start')
  const endMs = instantOf('end')
  if (startMs !== undefined && endMs !== undefined && startMs >= endMs) {
    const [from, to] = [timeText(startMs), timeText(endMs)]
    errors.push(
      `${shownName('start')} is ${from} and ${shownName('end')} is ${to}; allowed is an end that is later than the start`,
    )
  }
  const { resourceType } = options
  if (resourceType !== undefined && !REPOSITORY_TYPES.includes(resourceType)) {
    wrong('resourceType', resourceType, `allowed are ${REPOSITORY_TYPES.join(', ')}`)
  }
  const unknownActions: string[] = []
  const types = typesOf(options.action, wrong, notes, unknownActions)
  if (errors.length > 0) {
    const lines = errors.map(error => `  - ${error}`).join('\n')
    throw new ConnectorError('CONFIG_INVALID', `The query is not usable:\n${lines}`)
  }
  return {
    query: {
      user,
      types,
      resourceType,
      startMs,
      endMs,
      address: ip === undefined || address === undefined ? undefined : { text: ip, query: address },
      text,
    },
    notes,
    unknownActions,
  }
}

function typesOf(
  action: QueryOptions['action'],
  wrong: (option: 'action', value: unknown, allowed: string) => undefined,
  notes: string[],
  unknownActions: string[],
): string[] | undefined {
  if (action === undefined) return undefined
  const actions = (typeof action === 'string' ? [action] : [...action]).map(one => String(one).trim())
  if (actions.length === 0 || actions.includes('')) {
    return wrong('action', action, 'allowed are event types such as repo.create, or repo.* for several')
  }
  const types = new Set<string>()
  for (const one of actions) {
    const meaning = actionMeaning(one)
    for (const type of meaning.types) types.add(type)
    if (meaning.kind === 'alias') notes.push(`${one} is told by the Hub as ${meaning.types.join(' and ')}.`)
    if (meaning.kind === 'no-event') {
      notes.push(
        `${one} is no event of the Hub: its audit log does not tell this, so nothing is to be expected.`,
      )
    }
    if (meaning.kind === 'unknown') unknownActions.push(one)
  }
  return [...types]
}

function timeText(epochMs: number): string {
  const date = new Date(epochMs)
  return Number.isNaN(date.getTime()) ? String(epochMs) : date.toISOString()
}

function shown(value: unknown): string {
  const text = value instanceof Date ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
