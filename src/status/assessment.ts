import type { Finding } from '../event/records.ts'
import type { ForwarderStatus, JournalStatus, OrganizationStatus, Status } from './model.ts'
import { countOf, countText, durationText } from './words.ts'

/** `trouble` needs a person, `attention` deserves a look, `busy` passes by itself. */
export type Level = 'well' | 'busy' | 'attention' | 'trouble'

export interface Notice {
  readonly level: Exclude<Level, 'well'>
  readonly title: string
  /** What is wrong and how to mend it. */
  readonly message: string
  readonly sinceMs: number | undefined
}

export interface Assessment {
  readonly level: Level
  /** One sentence for all of it. */
  readonly headline: string
  /** The worst first. */
  readonly notices: readonly Notice[]
}

const DAY_MS = 24 * 3_600_000
/** How long a finding is in front. */
const FINDING_MS = 7 * DAY_MS
/** How long before its end a token is worth a word. */
const EXPIRY_MS = 14 * DAY_MS
const FINDING_WORDS: Readonly<Record<Finding['kind'], string>> = {
  GAP: 'a gap',
  VANISHED: 'vanished events',
  CHANGED: 'changed events',
  UNFORWARDED: 'records that were never forwarded',
  UNKNOWN: 'a finding of a newer release',
}
const ORDER: readonly Level[] = ['trouble', 'attention', 'busy', 'well']

/** How it stands, in words: what an operator must know before any number. */
export function assess(status: Status): Assessment {
  const { journal, forwarder, organizations, takenAtMs } = status
  const notices = [
    ...journalNotices(journal),
    ...organizations.flatMap(one => organizationNotices(one, takenAtMs)),
    ...(forwarder === undefined ? [] : forwarderNotices(forwarder)),
  ].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level))
  const level = notices[0]?.level ?? levelOf(organizations)
  return { level, headline: headlineOf(notices, organizations), notices }
}

function levelOf(organizations: readonly OrganizationStatus[]): Level {
  return organizations.some(({ phase }) => phase === 'starting' || phase === 'backfill') ? 'busy' : 'well'
}

function headlineOf(notices: readonly Notice[], organizations: readonly OrganizationStatus[]): string {
  const [first] = notices
  if (first !== undefined) {
    const others = notices.filter(({ level }) => level !== 'busy').length - 1
    return others > 0 ? `${first.title}, and ${countText(others)} more to look at` : first.title
  }
  const own = organizations.filter(({ phase }) => phase !== 'elsewhere')
  if (own.length === 0) return 'Standing by: other workers poll all organizations'
  const backfills = own.filter(({ phase }) => phase === 'backfill').length
  if (backfills > 0)
    return `All is well; the first export of ${countOf(backfills, 'organization')} is under way`
  const starting = own.filter(({ phase }) => phase === 'starting').length
  if (starting > 0) return `Starting: ${countOf(starting, 'organization')} to be polled first`
  return 'All is well'
}

function journalNotices(journal: JournalStatus): Notice[] {
  const { kind, state, message, sinceMs, isRegistryAway } = journal
  const name = isRegistryAway ? 'The schema registry' : kind === 'kafka' ? 'Kafka' : 'The journal'
  if (state === 'reachable') return []
  if (state === 'opening' && message === undefined) {
    return [
      { level: 'busy', title: 'Starting: the journal is being opened', message: journal.place, sinceMs },
    ]
  }
  return [
    {
      level: 'trouble',
      title: `${name} cannot be reached`,
      message:
        `${message ?? ''} Nothing is published until it answers, and it is tried again by itself. Nothing is lost as long as the export reaches back.`.trim(),
      sinceMs,
    },
  ]
}

function forwarderNotices({ state, message = '', sinceMs, backlog }: ForwarderStatus): Notice[] {
  const waiting = backlog === undefined ? '' : ` ${countOf(backlog, 'record')} wait in the journal.`
  if (state === 'blocked') {
    return [{ level: 'trouble', title: 'The collector refuses records', message: message + waiting, sinceMs }]
  }
  if (state === 'stalled') {
    const calm = `It is tried again by itself, and nothing is skipped.${waiting}`
    return [
      { level: 'attention', title: 'Nothing can be read for OTLP', message: `${message}. ${calm}`, sinceMs },
    ]
  }
  if (state !== 'unavailable') return []
  const calm = `It is tried again by itself; the journal is not affected.${waiting}`
  return [
    { level: 'attention', title: 'The collector cannot be reached', message: `${message}. ${calm}`, sinceMs },
  ]
}

function organizationNotices(one: OrganizationStatus, nowMs: number): Notice[] {
  const { organization, phase, problem, findings, tokenExpiresAtMs } = one
  const notices: Notice[] = []
  if (phase === 'elsewhere') return notices
  if (phase === 'blocked' && problem !== undefined) {
    const { message, sinceMs } = problem
    notices.push({ level: 'trouble', title: `${organization} is blocked`, message, sinceMs })
  }
  // Of the journal's own trouble there is a notice already.
  if (phase === 'failing' && problem !== undefined && !problem.code.startsWith('JOURNAL_')) {
    const { message, sinceMs, attempts } = problem
    notices.push({
      level: 'attention',
      title: `${organization} could not be polled`,
      message: `${message} Tried ${countOf(attempts, 'time')}; it is tried again by itself.`,
      sinceMs,
    })
  }
  for (const { kind, message, foundAtMs, severity } of findings.latest) {
    const ageMs = nowMs - foundAtMs
    if (ageMs > FINDING_MS) continue
    const level = severity === 'ERROR' && ageMs < DAY_MS ? 'trouble' : 'attention'
    notices.push({ level, title: `${organization} has ${FINDING_WORDS[kind]}`, message, sinceMs: foundAtMs })
  }
  if (tokenExpiresAtMs !== undefined && tokenExpiresAtMs - nowMs < EXPIRY_MS) {
    const left = tokenExpiresAtMs - nowMs
    const title =
      left > 0
        ? `The token of ${organization} expires in ${durationText(left)}`
        : `The token of ${organization} has expired`
    const message =
      'Create a new one and put it where this one comes from; a token file is read at each poll.'
    notices.push({ level: 'attention', title, message, sinceMs: undefined })
  }
  return notices
}
