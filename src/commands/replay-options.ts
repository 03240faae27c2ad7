import { createHash } from 'node:crypto'
import { nearest } from '../config/file.ts'
import { type Config, invalid } from '../config.ts'
import type { StreamName } from '../event/records.ts'
import { instantWords, parseInstant, rangeWords } from '../replay/range.ts'
import type { ReplayRange, ReplaySelection } from '../replay-ports.ts'
import type { ReplayChoice, TargetChoice } from '../replays.ts'

/** What commander makes of the command line. */
export interface ReplayOptions {
  readonly config?: string
  readonly from?: string
  readonly to?: string
  readonly by?: 'received-time' | 'event-time'
  readonly fromSequence?: string
  readonly toSequence?: string
  readonly organization?: string
  readonly stream: StreamName
  readonly toOtlp?: boolean
  readonly toTopic?: string
  readonly toAvro?: string
  readonly toJson?: string
  readonly journal?: ReplayChoice['journal']
  readonly name?: string
  readonly again?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export interface ParsedReplay {
  readonly selection: ReplaySelection
  readonly target: TargetChoice
}

const MAX_NAME_CHARACTERS = 100
/** Kafka's own rule, https://kafka.apache.org/documentation/#basic_ops_add_topic */
const TOPIC = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/

/** What is asked for. Throws one `CONFIG_INVALID` with every mistake. */
export function parseReplay(options: ReplayOptions, config: Pick<Config, 'organizations'>): ParsedReplay {
  const errors: string[] = []
  const target = targetOf(options, errors)
  const range = rangeOf(options, errors)
  const organization = identityOf(options.organization, config)
  if (range?.by === 'sequence' && organization === undefined) {
    const known = config.organizations.map(({ identity }) => identity)
    errors.push(
      `--from-sequence and --to-sequence need --organization: each has its own sequence${known.length > 0 ? ` (configured: ${known.join(', ')})` : ''}`,
    )
  }
  if (range?.by === 'sequence' && options.stream !== 'events') {
    errors.push(`--stream is ${options.stream}; only events have a sequence: give --from and --to`)
  }
  if (range?.by === 'event-time' && options.stream !== 'events') {
    errors.push(`--by is event-time, which only events have; --stream ${options.stream} takes received-time`)
  }
  if (options.name !== undefined && !isName(options.name)) {
    errors.push(
      `--name is ${JSON.stringify(options.name)}; allowed are letters, digits, ".", "_" and "-", beginning with a letter or digit, up to ${MAX_NAME_CHARACTERS}`,
    )
  }
  if (
    target?.to === 'json' &&
    target.path === '-' &&
    (options.name !== undefined || options.again === true)
  ) {
    errors.push('--name and --again mean nothing for --to-json -: standard output has no cursor')
  }
  if (errors.length > 0 || range === undefined || target === undefined) throw invalid(errors)
  return { selection: { stream: options.stream, organization, range }, target }
}

/** The request in words that are the same for the same request: kept with the cursor, and the default name is made of them. */
export function wordsOf({ selection, target }: ParsedReplay, destination: string, origin: string): string {
  const { range, organization, stream } = selection
  return [
    rangeWords(range),
    ...(organization === undefined ? [] : [`--organization ${organization}`]),
    `--stream ${stream}`,
    `--to-${target.to}`,
    `(from ${origin} to ${destination})`,
  ].join(' ')
}

export function defaultName(words: string): string {
  return createHash('sha256').update(words).digest('hex').slice(0, 12)
}

function targetOf(options: ReplayOptions, errors: string[]): TargetChoice | undefined {
  const { toOtlp, toTopic, toAvro, toJson } = options
  const targets: TargetChoice[] = []
  if (toOtlp === true) targets.push({ to: 'otlp' })
  if (toTopic !== undefined) targets.push({ to: 'topic', topic: toTopic })
  if (toAvro !== undefined) targets.push({ to: 'avro', path: toAvro })
  if (toJson !== undefined) targets.push({ to: 'json', path: toJson })
  if (targets.length !== 1) {
    const given = targets.length === 0 ? 'no target is given' : 'several targets are given'
    errors.push(`${given}: give one of --to-otlp, --to-topic, --to-avro and --to-json`)
  }
  if (toTopic !== undefined && !TOPIC.test(toTopic)) {
    errors.push(
      `--to-topic is ${JSON.stringify(toTopic)}; allowed are letters, digits, ".", "_" and "-", up to 249`,
    )
  }
  if (toAvro === '-')
    errors.push('--to-avro is "-"; an Avro file needs a path (--to-json - writes to standard output)')
  for (const [option, path] of [
    ['--to-avro', toAvro],
    ['--to-json', toJson],
  ]) {
    if (path === '') errors.push(`${option} is empty; give a path`)
  }
  return targets[0]
}

function rangeOf(options: ReplayOptions, errors: string[]): ReplayRange | undefined {
  const { from, to, fromSequence, toSequence, by } = options
  const hasTimes = from !== undefined || to !== undefined
  const hasSequences = fromSequence !== undefined || toSequence !== undefined
  if (hasTimes === hasSequences) {
    errors.push(
      hasTimes
        ? 'times and sequences are both given: give --from and --to, or --from-sequence and --to-sequence'
        : 'no range is given: give --from and --to (one of them is enough), or --from-sequence and --to-sequence',
    )
    return undefined
  }
  if (hasTimes) {
    const fromMs = instantOf('--from', from, errors)
    const toMs = instantOf('--to', to, errors)
    if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
      errors.push(
        `--from (${instantWords(fromMs)}) must be before --to (${instantWords(toMs)}), which is exclusive and for a date its first instant`,
      )
    }
    return { by: by ?? 'received-time', fromMs, toMs }
  }
  if (by !== undefined)
    errors.push('--by means nothing for sequences: it says which time --from and --to mean')
  const first = sequenceOf('--from-sequence', fromSequence, errors) ?? 1
  const last = sequenceOf('--to-sequence', toSequence, errors)
  if (last !== undefined && first > last) {
    errors.push(`--from-sequence (${first}) must not be beyond --to-sequence (${last})`)
  }
  return { by: 'sequence', from: first, to: last }
}

function instantOf(option: string, text: string | undefined, errors: string[]): number | undefined {
  if (text === undefined) return undefined
  const atMs = parseInstant(text)
  if (atMs === undefined) {
    errors.push(
      `${option} is ${JSON.stringify(text)}; allowed is an instant with its zone, such as 2026-11-21T09:30:00Z or 2026-11-21T10:30:00+01:00, or a date, which begins at 00:00 UTC`,
    )
  }
  return atMs
}

function sequenceOf(option: string, text: string | undefined, errors: string[]): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value
  errors.push(`${option} is ${JSON.stringify(text)}; allowed is a whole number of at least 1`)
  return undefined
}

/** A journal may hold organizations that are no longer configured: what is not known is taken for an identity. */
function identityOf(
  name: string | undefined,
  { organizations }: Pick<Config, 'organizations'>,
): string | undefined {
  const known = organizations.find(
    organization => organization.identity === name || organization.name === name,
  )
  return known?.identity ?? name
}

/** Words for an organization of which nothing was found, which may be a spelling mistake. */
export function unknownOrganization(
  identity: string,
  { organizations }: Pick<Config, 'organizations'>,
): string {
  const known = organizations.map(organization => organization.identity)
  return known.includes(identity) ? '' : nearest(identity, known)
}

function isName(name: string): boolean {
  return name.length <= MAX_NAME_CHARACTERS && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
}
