import { type BatchLimits, batches, DEFAULT_BATCH_LIMITS } from './batches.ts'
import { ConnectorError } from './errors.ts'
import type { Checkpoint } from './event/checkpoint.ts'
import { judge, judgeImport, knowsAnyEvent } from './event/findings.ts'
import { createNormalizer } from './event/normalize.ts'
import { type Organization, sourceUri } from './event/organization.ts'
import type { Finding, LedgerEntry } from './event/records.ts'
import { select } from './event/select.ts'
import type { AddressEnricher, AuditLogExport, Batch, Hub, Journal, Spool } from './ports.ts'

export interface PollerSettings {
  readonly workspaceId: string
  readonly sourceTtlDays: number
  /** Number of elements at which an export counts as cut. */
  readonly exportCap: number
  readonly maxRecordBytes: number
  readonly batchLimits?: BatchLimits
}

/** How far a poll is: for a progress bar and the status. */
export interface PollProgress {
  readonly organization: Organization
  readonly phase: 'downloading' | 'publishing'
  /** Wire bytes, or events. */
  readonly done: number
  /** Undefined while the Hub has not said how much it will send. */
  readonly total: number | undefined
}

export interface PollerDependencies {
  readonly hub: Pick<Hub, 'exportAuditLog' | 'ownUserId'>
  readonly journal: Pick<Journal, 'resume' | 'commit' | 'framing'>
  readonly createSpool: () => Spool
  /** False for event types that the configuration leaves out. */
  readonly accepts: (type: string) => boolean
  readonly now: () => number
  /** Nothing is known of addresses when not given. */
  readonly enricher?: AddressEnricher
  /** Told of every event whose type is not in the catalogue. */
  readonly onUnknownType?: (type: string) => void
  readonly onProgress?: (progress: PollProgress) => void
  /** What commits leave behind is freed by it. */
  readonly buffers?: { freeYoung(): void; freeAll(): void }
}

export interface PollOutcome {
  readonly ledger: LedgerEntry
  readonly findings: readonly Finding[]
}

export interface Poller {
  /**
   * One pass: resume, download, select, publish. One attempt; throws `ConnectorError`, after which nothing of the
   * broken part is in the journal and the next pass finds what is missing.
   */
  poll(organization: Organization, signal: AbortSignal): Promise<PollOutcome>
  /** The same with a saved export: it raises neither a gap nor vanished events. */
  importExport(organization: Organization, saved: AuditLogExport, signal: AbortSignal): Promise<PollOutcome>
}

/**
 * The heart of the program. The export is a snapshot without a cursor, so each poll asks: what in it has not been
 * published yet? The answer is worked out completely before anything is published: a download that breaks off at its
 * last byte moves nothing. Only then are records, dead letters, findings and checkpoint committed, oldest first, a
 * batch a transaction; the next batch is prepared while one is being committed.
 */
export function createPoller(settings: PollerSettings, dependencies: PollerDependencies): Poller {
  const { hub, journal, now } = dependencies
  const limits = settings.batchLimits ?? { ...DEFAULT_BATCH_LIMITS, maxRecordBytes: settings.maxRecordBytes }
  const normalizers = new Map<string, ReturnType<typeof createNormalizer>>()

  function normalizerOf(organization: Organization) {
    const source = sourceUri(organization)
    let normalize = normalizers.get(source)
    if (normalize === undefined) {
      const { workspaceId, sourceTtlDays } = settings
      const { enricher, onUnknownType } = dependencies
      normalize = createNormalizer({
        organization,
        workspaceId,
        sourceTtlDays,
        ...(enricher === undefined ? {} : { enrich: ip => enricher.enrich(ip) }),
        ...(onUnknownType === undefined ? {} : { onUnknownType }),
      })
      normalizers.set(source, normalize)
    }
    return normalize
  }

  async function pass(
    organization: Organization,
    kind: 'POLL' | 'IMPORT',
    open: () => Promise<AuditLogExport>,
    signal: AbortSignal,
  ): Promise<PollOutcome> {
    const startedAtMs = now()
    const checkpoint = await journal.resume(organization, signal)
    refuseChangedEndpoint(organization, checkpoint)
    const download = reportingProgress(organization, await open(), dependencies.onProgress)
    const spool = dependencies.createSpool()
    try {
      const selection = await select(checkpoint, download, { accepts: dependencies.accepts, spool })
      const context = {
        organization,
        head: checkpoint.head,
        seen: checkpoint.seen,
        selection,
        exportCap: settings.exportCap,
      }
      const judgement = kind === 'POLL' ? judge(context) : judgeImport(context)
      const needsOwnUser = selection.fresh.count > 0
      const poll = {
        organization,
        kind,
        startedAtMs,
        checkpoint,
        isFirst: !knowsAnyEvent(checkpoint.seen),
        selection,
        judgement,
        exportCap: settings.exportCap,
        wireBytes: download.wireBytes(),
        bodyBytes: download.bodyBytes(),
        ownUserId: needsOwnUser ? await hub.ownUserId(organization, signal) : undefined,
      }
      if (selection.fresh.count > 0) await dependencies.enricher?.refresh()
      const { buffers } = dependencies
      const tools = {
        normalize: normalizerOf(organization),
        framing: journal.framing,
        limits,
        now,
        ...(buffers === undefined ? {} : { freeYoungBuffers: buffers.freeYoung }),
      }
      const ledger = await commitEach(
        batches(poll, spool, tools),
        organization,
        selection.fresh.count,
        signal,
      )
      return { ledger, findings: [...judgement.gaps, ...judgement.others] }
    } finally {
      spool.dispose()
    }
  }

  /** Commits in order, one at a time, while the next batch is already being prepared. */
  async function commitEach(
    prepared: ReturnType<typeof batches>,
    organization: Organization,
    total: number,
    signal: AbortSignal,
  ): Promise<LedgerEntry> {
    let ledger: LedgerEntry | undefined
    let published = 0
    let committing: Promise<void> | undefined
    const commit = async (batch: Batch): Promise<void> => {
      await journal.commit(batch)
      dependencies.buffers?.freeAll()
      published += batch.events.length
      dependencies.onProgress?.({ organization, phase: 'publishing', done: published, total })
    }
    try {
      for await (const next of prepared) {
        await committing
        committing = undefined
        // Between two transactions a poll may stop: the rest comes with the next poll.
        if (signal.aborted && next.ledger === undefined) throw stopped(organization)
        ledger = next.ledger
        committing = commit(next.batch)
        // Awaited in the next turn or below; until then a failure must not count as unhandled.
        committing.catch(() => {})
      }
      await committing
    } catch (error) {
      // The commit under way is let go to its end: its outcome must be settled before anyone resumes.
      await committing?.catch(() => {})
      throw error
    }
    return ledger!
  }

  return {
    poll: (organization, signal) =>
      pass(organization, 'POLL', () => hub.exportAuditLog(organization, signal), signal),
    importExport: (organization, saved, signal) => pass(organization, 'IMPORT', async () => saved, signal),
  }
}

function refuseChangedEndpoint(organization: Organization, checkpoint: Checkpoint): void {
  const { head } = checkpoint
  if (head === undefined || head.endpoint === organization.endpoint) return
  throw new ConnectorError(
    'HUB_ENDPOINT_CHANGED',
    `The trail of "${organization.identity}" was read from ${head.endpoint}, but HF_ENDPOINT is now ` +
      `${organization.endpoint}. Ids and chain hang on the endpoint, so nothing is published. Set HF_ENDPOINT back, ` +
      'or use another KAFKA_TOPIC or HF_AUDIT_DATA_DIR for the other Hub. If it is the same Hub at a new address: ' +
      `hf-audit recover --organization ${organization.identity} --confirm-endpoint`,
  )
}

function stopped(organization: Organization): ConnectorError {
  return new ConnectorError(
    'STOPPED',
    `The poll of "${organization.name}" was stopped between two transactions.`,
  )
}

function reportingProgress(
  organization: Organization,
  download: AuditLogExport,
  onProgress: PollerDependencies['onProgress'],
): AuditLogExport {
  if (onProgress === undefined) return download
  async function* elements() {
    for await (const some of download.elements) {
      onProgress!({
        organization,
        phase: 'downloading',
        done: download.wireBytes(),
        total: download.expectedWireBytes,
      })
      yield some
    }
  }
  return {
    receivedAtMs: download.receivedAtMs,
    elements: elements(),
    wireBytes: () => download.wireBytes(),
    bodyBytes: () => download.bodyBytes(),
    expectedWireBytes: download.expectedWireBytes,
  }
}
