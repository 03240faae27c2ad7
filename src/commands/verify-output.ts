import { anchorOf } from '../event/chain.ts'
import type { OrganizationResult } from '../verify/conclusion.ts'
import type { Differences, IdList } from '../verify/hub-comparison.ts'
import type { Problem, ProblemKind } from '../verify/problems.ts'
import { jsonText } from './json-text.ts'
import { plainText } from './table.ts'

export interface VerifiedOrganization extends OrganizationResult {
  /** Undefined where the Hub was not asked. */
  readonly hub: Differences | undefined
}

/** Ids of a difference that are printed; `--json` has more. */
const SHOWN_IDS = 20

const DIFFERENCES = {
  missing:
    "events in the Hub's export that are neither in the journal nor in the dead letters, nor filtered (one with an old date may have appeared since the last poll: poll, and verify again)",
  unknown: "events in the journal that the Hub's exports should hold, and do not",
  changed:
    'events that have other content at the Hub than in the journal, beyond the fields that the Hub rewrites',
} as const

/** The Hub's differences become problems like the others. */
export function withDifferences(
  results: readonly OrganizationResult[],
  differences: ReadonlyMap<string, Differences>,
): VerifiedOrganization[] {
  return results.map(result => {
    const hub = result.organization === undefined ? undefined : differences.get(result.organization)
    if (hub === undefined) return { ...result, hub }
    const counts = new Map<ProblemKind, number>(result.problemCounts)
    const problems: Problem[] = [...result.problems]
    for (const kind of ['missing', 'unknown', 'changed'] as const) {
      const { count, ids } = hub[kind]
      if (count === 0) continue
      counts.set(kind, count)
      const message = `${count} ${DIFFERENCES[kind]}: ${listed({ count, ids })}`
      problems.push({ kind, position: undefined, sequence: undefined, message })
    }
    const problemCount = [...counts.values()].reduce((sum, count) => sum + count, 0)
    return {
      ...result,
      hub,
      problems,
      problemCounts: counts,
      problemCount,
      notes: [...result.notes, ...hubNotes(hub)],
    }
  })
}

export function hasProblem({ problemCount }: VerifiedOrganization): boolean {
  return problemCount > 0
}

/** One line of JSON. */
export function jsonResult(result: VerifiedOrganization): string {
  const { organization, records, firstSequence, lastSequence, chainHash, problems, problemCount } = result
  const shown = {
    organization: organization ?? null,
    records,
    firstSequence: firstSequence ?? null,
    lastSequence: lastSequence ?? null,
    chainHash: chainHash?.toString('hex') ?? null,
    anchor: anchorText(result) ?? null,
    anchorsAgreeing: result.anchorsAgreeing,
    ledgerEntries: result.ledgerEntries,
    problems: problems.map(({ kind, position, sequence, message }) => ({
      kind,
      position: position ?? null,
      sequence: sequence ?? null,
      message,
    })),
    problemCount,
    problemCounts: Object.fromEntries(result.problemCounts),
    notes: result.notes,
    ...(result.hub === undefined ? {} : { hub: result.hub }),
  }
  return `${jsonText(shown)}\n`
}

/** A table, then what is to be known of each organization, then the verdict. */
export function textResults(results: readonly VerifiedOrganization[]): string {
  const rows = [
    ['organization', 'records', 'first', 'last', 'ledger', 'anchors', 'problems'],
    ...results.map(result => [
      nameOf(result),
      String(result.records),
      String(result.firstSequence ?? '-'),
      String(result.lastSequence ?? '-'),
      String(result.ledgerEntries),
      String(result.anchorsAgreeing),
      String(result.problemCount),
    ]),
  ]
  const lines = [...table(rows), '']
  const anchors = results.flatMap(result => {
    const anchor = anchorText(result)
    // An anchor of a trail that is not sound would vouch for what should not be there.
    return anchor === undefined || hasProblem(result) ? [] : [`  ${result.organization} ${anchor}`]
  })
  if (anchors.length > 0)
    lines.push('To keep elsewhere, and to give to the next verify with --anchors:', ...anchors, '')
  for (const result of results) lines.push(...detailsOf(result))
  const total = results.reduce((sum, { problemCount }) => sum + problemCount, 0)
  const records = results.reduce((sum, result) => sum + result.records, 0)
  lines.push(
    total === 0
      ? `No problem found in ${records} records.`
      : `${total} problems found in ${records} records.`,
  )
  return `${lines.map(plainText).join('\n')}\n`
}

function detailsOf(result: VerifiedOrganization): string[] {
  const lines = result.notes.map(note => `${nameOf(result)}: ${note}`)
  for (const { kind, position, message } of result.problems) {
    lines.push(`${nameOf(result)}: ${kind}${position === undefined ? '' : ` at ${position}`}: ${message}`)
  }
  for (const [kind, count] of result.problemCounts) {
    const shown = result.problems.filter(problem => problem.kind === kind).length
    const isListed = kind === 'missing' || kind === 'unknown' || kind === 'changed'
    if (!isListed && shown < count)
      lines.push(`${nameOf(result)}: ${kind}: ${count - shown} more of this kind`)
  }
  return lines.length === 0 ? lines : [...lines, '']
}

function hubNotes({ fetched, notYetPolled, expired }: Differences): string[] {
  const notes = [`compared with an export of ${fetched} events`]
  if (notYetPolled > 0)
    notes.push(`${notYetPolled} events of it came after the last poll and are not published yet`)
  if (expired > 0)
    notes.push(`${expired} events of it were published, and retention has removed their records`)
  return notes
}

function anchorText({ lastSequence, chainHash }: VerifiedOrganization): string | undefined {
  return lastSequence === undefined || chainHash === undefined ? undefined : anchorOf(lastSequence, chainHash)
}

function nameOf({ organization }: VerifiedOrganization): string {
  return organization ?? '(nobody)'
}

function listed({ count, ids }: IdList): string {
  const shown = ids.slice(0, SHOWN_IDS).join(', ')
  return count > SHOWN_IDS ? `${shown} and ${count - SHOWN_IDS} more` : shown
}

/** Columns side by side, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
}
