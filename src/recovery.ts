import { ConnectorError } from './errors.ts'
import { anchorOf } from './event/chain.ts'
import type { Organization } from './event/organization.ts'
import { lossFinding, rangesText, rebuildLedgerEntry } from './event/rebuild-records.ts'
import {
  knownEnd,
  lossOf,
  recoveredEntries,
  recoveredHead,
  type TrailEvidence,
  type TrailLoss,
} from './event/trail-evidence.ts'
import type { JournalRecovery, RecoveredTrail } from './ports.ts'

export interface RecoveryOptions {
  /** The operator says that the Hub at the configured endpoint is the one that the trail was read from. */
  readonly confirmEndpoint: boolean
}

/** What a recovery would do, and why. */
export interface RecoveryPlan {
  readonly organization: string
  /** Empty: nothing is wrong, and nothing would be changed. */
  readonly actions: readonly RecoveryAction[]
  readonly loss: TrailLoss | undefined
  /** Of the trail as the checkpoint knew it; null when it cannot be known. */
  readonly knownAnchor: string | null
  /** Where the trail goes on after it. */
  readonly anchor: string
  /** The trail's endpoint is another than the configured one, and stays so. */
  readonly unconfirmedEndpoint: string | null
  /** The same in words, a line each. */
  readonly lines: readonly string[]
}

export type RecoveryAction = 'rebuild-checkpoint' | 'accept-loss' | 'confirm-endpoint'

/** Looks at the trail and tells what is to be done; decides, and changes nothing. */
export function planRecovery(evidence: TrailEvidence, { confirmEndpoint }: RecoveryOptions): RecoveryPlan {
  const { organization, stored, records } = evidence
  const loss = lossOf(evidence)
  const known = knownEnd(evidence)
  const why = reasonToRebuild(evidence)
  const head = recoveredHead(evidence)
  const isElsewhere = head.sequence > 0 && head.endpoint !== organization.endpoint
  const actions: RecoveryAction[] = []
  const lines: string[] = []
  if (why !== undefined) {
    actions.push('rebuild-checkpoint')
    lines.push(`${why} It is rebuilt from what is published: ${contentsText(evidence)}.`)
  }
  if (loss !== undefined) {
    actions.push('accept-loss')
    lines.push(
      `LOST: ${loss.count} published records, sequence ${rangesText(loss.ranges)}. They stay lost for readers of the ` +
        'journal; a finding says so. Restore the journal from a backup instead if you have one.',
      `The trail goes on after sequence ${head.sequence}. Events of the lost records that the Hub still exports are ` +
        'published again; older ones can be added with hf-audit import from a saved export.',
    )
  }
  if (isElsewhere && confirmEndpoint) {
    actions.push('confirm-endpoint')
    lines.push(
      `The trail was read from ${head.endpoint}; from now on it is read from ${organization.endpoint}. Sequence and ` +
        'chain go on, and events with the same _id count as seen. Right only if it is the same Hub at another address.',
    )
  } else if (isElsewhere) {
    lines.push(
      `The trail was read from ${head.endpoint}, but HF_ENDPOINT is ${organization.endpoint}: it stays blocked until ` +
        'you set HF_ENDPOINT back or give --confirm-endpoint.',
    )
  }
  if (lines.length === 0) {
    lines.push(
      stored.kind === 'missing'
        ? 'It has no trail here: nothing to recover.'
        : `The checkpoint fits what is published (${contentsText(evidence)}): nothing to recover.`,
    )
  }
  if (actions.length > 0) lines.push('The ledger gets an entry of kind REBUILD.')
  return {
    organization: organization.identity,
    actions,
    loss,
    knownAnchor: known === undefined ? null : anchorOf(known.sequence, known.chainHash),
    anchor: anchorOf(head.sequence, head.chainHash),
    unconfirmedEndpoint: isElsewhere && !confirmEndpoint ? head.endpoint : null,
    lines: lines.map(line => `${organization.identity}: ${line}`),
  }

  function contentsText(of: TrailEvidence): string {
    const end = of.records.head()
    return end === undefined ? 'no record' : `records ${records.firstSequence} to ${end.sequence}`
  }
}

/** Undefined when the checkpoint is as it should be. */
function reasonToRebuild(evidence: TrailEvidence): string | undefined {
  const { stored, records, problem } = evidence
  if (stored.kind === 'unreadable') return `The checkpoint cannot be used (${stored.reason}).`
  const end = records.head()?.sequence ?? 0
  if (stored.kind === 'missing') {
    return end > 0 || records.ledger !== undefined ? 'The checkpoint is missing.' : undefined
  }
  const { sequence } = stored.head
  if (lossOf(evidence) !== undefined) return `The checkpoint says ${sequence} records were published.`
  if (end > sequence) return `The checkpoint stands at ${sequence} and is older than what is published.`
  return problem
}

/** What the plan comes to. Times are epoch milliseconds. */
export function recoveredTrail(
  evidence: TrailEvidence,
  { confirmEndpoint }: RecoveryOptions,
  at: { readonly startedAtMs: number; readonly finishedAtMs: number },
): RecoveredTrail {
  const { organization } = evidence
  const recovered = recoveredHead(evidence)
  const head = confirmEndpoint ? { ...recovered, endpoint: organization.endpoint } : recovered
  const finding = lossFinding(evidence, head, at.finishedAtMs)
  const findings = finding === undefined ? [] : [finding]
  return {
    head,
    entries: recoveredEntries(evidence),
    ledger: rebuildLedgerEntry(organization, head, { ...at, findings: findings.length }),
    findings,
  }
}

export interface RecoveryDependencies {
  readonly recovery: Pick<JournalRecovery, 'examine' | 'rewrite'>
  readonly now: () => number
  /** Shows the plan; false: nothing is to be changed. */
  readonly approve: (plan: RecoveryPlan) => Promise<boolean>
}

/**
 * Recovers one organization's trail. What is stored is worked out once more when nobody else can write; if that comes
 * to something else than was approved, nothing is stored. Returns the plan, and whether it was carried out.
 */
export async function recoverTrail(
  organization: Organization,
  options: RecoveryOptions,
  { recovery, now, approve }: RecoveryDependencies,
  signal: AbortSignal,
): Promise<{ plan: RecoveryPlan; done: boolean }> {
  const startedAtMs = now()
  const plan = planRecovery(await recovery.examine(organization, signal), options)
  if (!(await approve(plan)) || plan.actions.length === 0) return { plan, done: false }
  await recovery.rewrite(
    organization,
    evidence => {
      const again = planRecovery(evidence, options)
      if (purportOf(again) !== purportOf(plan)) throw changedMeanwhile(again)
      return recoveredTrail(evidence, options, { startedAtMs, finishedAtMs: now() })
    },
    signal,
  )
  return { plan, done: true }
}

function purportOf({ actions, loss }: RecoveryPlan): string {
  return JSON.stringify([actions, loss])
}

function changedMeanwhile({ lines }: RecoveryPlan): ConnectorError {
  return new ConnectorError(
    'JOURNAL_STALE',
    `the trail changed while you were asked, and nothing was stored; look again. Now:\n${lines.join('\n')}`,
  )
}
