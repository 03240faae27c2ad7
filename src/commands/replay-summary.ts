import type { ReplayOutcome } from '../replay/run.ts'
import type { OrganizationTally } from '../replay/tally.ts'
import { jsonText } from './json-text.ts'

interface Common {
  readonly name: string
  readonly destination: string
  /** What may be wrong when nothing was found; empty when there is nothing to say. */
  readonly hint: string
}

/** What a dry run found: for a person, or as one JSON line. */
export function dryRunLines(
  found: Common & { readonly records: number; readonly organizations: readonly OrganizationTally[] },
  json: boolean,
): string {
  const { name, destination, records, organizations, hint } = found
  if (json) return jsonText({ dryRun: true, name, destination, records, organizations })
  if (records === 0) return `No record is in the range${hint}: nothing would be sent to ${destination}.`
  return [
    `${counted(records)} would be sent to ${destination} by the replay ${name}:`,
    ...organizations.map(organizationLine),
    'Nothing was sent.',
  ].join('\n')
}

/** How a replay ended: for a person, or as one JSON line. */
export function outcomeLines(
  outcome: Common & ReplayOutcome & { readonly durationMs: number },
  json: boolean,
): string {
  const { name, destination, result, run, sent, refused, sentBefore, organizations, durationMs, hint } =
    outcome
  if (json) {
    return jsonText({
      dryRun: false,
      name,
      destination,
      result,
      run,
      records: sent,
      refused,
      sentBefore,
      durationMs,
      organizations,
    })
  }
  const refusals = refused === 0 ? '' : ` ${counted(refused)} were refused for good; the log tells of them.`
  if (result === 'finished before') {
    return (
      `The replay ${name} has finished before: ${counted(sent)} went to ${destination}.${refusals} Nothing was sent now; ` +
      '--again sends all of it once more, another --name makes it another replay.'
    )
  }
  if (sent + refused === 0) return `No record is in the range${hint}: nothing was sent to ${destination}.`
  const earlier = sentBefore === 0 ? '' : ` (${sentBefore.toLocaleString('en-US')} of them by earlier starts)`
  const seconds = (durationMs / 1000).toFixed(1)
  return [
    `${counted(sent)} sent to ${destination}${earlier} by the replay ${name}, in ${seconds} s.${refusals}`,
    ...organizations.map(organizationLine),
  ].join('\n')
}

function organizationLine(tally: OrganizationTally): string {
  const { organization, records, firstSequence, lastSequence, firstReceivedAt, lastReceivedAt } = tally
  const sequences = firstSequence === null ? '' : `, sequences ${firstSequence} to ${lastSequence}`
  const created =
    tally.firstEventTime === null ? '' : `, created ${tally.firstEventTime} to ${tally.lastEventTime}`
  return `  ${organization}: ${counted(records)}${sequences}${created}, received ${firstReceivedAt} to ${lastReceivedAt}`
}

function counted(records: number): string {
  return records === 1 ? '1 record' : `${records.toLocaleString('en-US')} records`
}
