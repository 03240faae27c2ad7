import { styleText } from 'node:util'
import { z } from 'zod'
import { bytesText, countOf, countText, durationText, relativeText } from '../status/words.ts'
import { plainText } from './table.ts'

const instant = z.string().transform(text => Date.parse(text))

/** As much of `/status.json` as is printed. */
export const statusAnswer = z.looseObject({
  level: z.enum(['well', 'busy', 'attention', 'trouble']),
  headline: z.string(),
  takenAt: instant,
  notices: z.array(z.looseObject({ title: z.string(), message: z.string() })),
  worker: z.looseObject({ version: z.string(), startedAt: instant, memoryBytes: z.number() }),
  journal: z.looseObject({
    kind: z.string(),
    place: z.string(),
    state: z.string(),
    message: z.string().nullable(),
  }),
  forwarder: z
    .looseObject({
      destination: z.string(),
      state: z.string(),
      backlog: z.number().nullable(),
      delivered: z.number(),
    })
    .nullable(),
  organizations: z.array(
    z.looseObject({
      organization: z.string(),
      phase: z.string(),
      lastPoll: z.looseObject({ receivedAt: instant }).nullable(),
      nextPollAt: instant.nullable(),
      newestEventAt: instant.nullable(),
      sequence: z.number().nullable(),
      deadLetters: z.number().nullable().default(null),
      wireBytesPerMonth: z.number().nullable(),
      unknownTypes: z.array(z.looseObject({ type: z.string(), events: z.number() })).default([]),
    }),
  ),
})
export type StatusAnswer = z.infer<typeof statusAnswer>

/** What the journal alone knows of an organization. */
export interface StoredOrganization {
  readonly organization: string
  readonly sequence: number
  readonly lastPollAtMs: number | undefined
  readonly newestEventAtMs: number | undefined
  readonly deadLetters: number
  readonly anchor: string
}

const COLORS = { well: 'green', busy: 'blue', attention: 'yellow', trouble: 'red' } as const
const SIGNS = { well: '✔', busy: '…', attention: '⚠', trouble: '✘' } as const

/** A line holds so many. */
const UNKNOWN_TYPES_SHOWN = 5

/** Colours only where `stream` shows them: NO_COLOR and redirection are honoured. */
export function statusText(answer: StatusAnswer, stream: NodeJS.WriteStream): string {
  const { level, headline, notices, worker, journal, forwarder, organizations, takenAt } = answer
  const color = COLORS[level]
  const lines = [styleText([color, 'bold'], `${SIGNS[level]} ${headline}`, { stream }), '']
  for (const { title, message } of notices) lines.push(`  ${title}`, `    ${plainText(message)}`, '')
  const width = widest(organizations.map(({ organization }) => organization))
  for (const one of organizations) {
    const parts = [
      one.lastPoll === null ? 'never polled' : `polled ${relativeText(one.lastPoll.receivedAt, takenAt)}`,
      one.nextPollAt === null
        ? undefined
        : `again ${relativeText(Math.max(one.nextPollAt, takenAt), takenAt)}`,
      one.sequence === null ? undefined : countOf(one.sequence, 'event'),
      one.newestEventAt === null ? undefined : `newest ${relativeText(one.newestEventAt, takenAt)}`,
      deadLettersText(one.deadLetters),
      one.wireBytesPerMonth === null ? undefined : `${bytesText(one.wireBytesPerMonth)} a month`,
    ]
    lines.push(`  ${plainText(one.organization).padEnd(width)}  ${one.phase.padEnd(9)}  ${joined(parts)}`)
    if (one.unknownTypes.length > 0) lines.push(`  ${''.padEnd(width)}  ${unknownTypesText(one)}`)
  }
  lines.push('', `  journal    ${journal.state}, ${plainText(journal.place)}`)
  lines.push(`  collector  ${forwarder === null ? 'off' : collectorText(forwarder)}`)
  const up = durationText(takenAt - worker.startedAt)
  lines.push(
    `  worker     ${plainText(worker.version)}, up ${up}, ${bytesText(worker.memoryBytes)} of memory`,
  )
  return `${lines.join('\n')}\n`
}

export function storedText(organizations: readonly StoredOrganization[], nowMs: number): string {
  if (organizations.length === 0) return 'The journal holds nothing yet.\n'
  const width = widest(organizations.map(({ organization }) => organization))
  return organizations
    .map(({ organization, sequence, lastPollAtMs, newestEventAtMs, deadLetters, anchor }) => {
      const parts = [
        countOf(sequence, 'event'),
        lastPollAtMs === undefined
          ? 'no poll got to its end'
          : `last poll ${relativeText(lastPollAtMs, nowMs)}`,
        newestEventAtMs === undefined ? undefined : `newest event ${relativeText(newestEventAtMs, nowMs)}`,
        deadLettersText(deadLetters),
      ]
      return `  ${plainText(organization).padEnd(width)}  ${joined(parts)}\n  ${''.padEnd(width)}  anchor ${anchor}\n`
    })
    .join('')
}

/** Undefined for none, which is as it should be, and where the number is not known. */
function deadLettersText(deadLetters: number | null): string | undefined {
  return deadLetters === null || deadLetters === 0 ? undefined : countOf(deadLetters, 'dead letter')
}

function collectorText({
  state,
  destination,
  backlog,
  delivered,
}: NonNullable<StatusAnswer['forwarder']>): string {
  const waiting = backlog === null ? 'backlog not known' : `${countOf(backlog, 'record')} waiting`
  return `${state}, ${plainText(destination)}, ${waiting}, ${countText(delivered)} delivered since the start`
}

function unknownTypesText({ unknownTypes: types }: StatusAnswer['organizations'][number]): string {
  const named = types
    .slice(0, UNKNOWN_TYPES_SHOWN)
    .map(({ type, events }) => `${plainText(type)} ${countText(events)}`)
  const hidden = types.length - named.length
  const more = hidden > 0 ? `, and ${countOf(hidden, 'type')} more` : ''
  return `types that this version does not know, since its start: ${named.join(', ')}${more}`
}

function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter(part => part !== undefined).join(', ')
}

function widest(names: readonly string[]): number {
  return Math.max(0, ...names.map(name => name.length))
}
