import type { Config } from '../config.ts'
import { createHub } from '../connector.ts'
import { asConnectorError, type ConnectorError } from '../errors.ts'
import { createFilter } from '../event/filter.ts'
import type { Organization } from '../event/organization.ts'
import type { Logger } from '../log.ts'
import type { Spool } from '../ports.ts'
import type { JournalScanner } from '../stored-journal.ts'
import { compareWithHub, type Differences, type JournalWindow } from '../verify/hub-comparison.ts'
import { packageVersion } from '../version.ts'
import { triedAgain } from './tried-again.ts'

export interface HubComparison {
  readonly config: Config
  readonly log: Logger
  readonly scanner: JournalScanner
  /** By identity: what the journal holds. */
  readonly windows: ReadonlyMap<string, JournalWindow>
  readonly createSpool: () => Spool
  /** When the reading of the journal began. */
  readonly startedAtMs: number
}

/** One organization after the other: each download is compared while it comes. What fails is told and does not end the rest. */
export async function compareEach(
  organizations: readonly Organization[],
  comparison: HubComparison,
  signal: AbortSignal,
): Promise<{
  readonly differences: ReadonlyMap<string, Differences>
  readonly errors: readonly ConnectorError[]
}> {
  const differences = new Map<string, Differences>()
  const errors: ConnectorError[] = []
  if (organizations.length === 0) return { differences, errors }
  const { config, log } = comparison
  const hub = createHub(config, { log, version: packageVersion() })
  try {
    for (const organization of organizations) {
      const compare = () =>
        compareOne(organization, comparison, () => hub.exportAuditLog(organization, signal), signal)
      try {
        differences.set(organization.identity, await triedAgain(compare, log, signal))
      } catch (thrown) {
        const error = asConnectorError(thrown)
        if (signal.aborted) throw error
        log.error({ organization: organization.identity, code: error.code }, `not compared: ${error.message}`)
        errors.push(error)
      }
    }
  } finally {
    await hub.close()
  }
  return { differences, errors }
}

function compareOne(
  organization: Organization,
  { config, scanner, windows, createSpool, startedAtMs }: HubComparison,
  download: Parameters<typeof compareWithHub>[1]['download'],
  signal: AbortSignal,
): Promise<Differences> {
  const { identity } = organization
  return compareWithHub(windows.get(identity)!, {
    exportCap: config.exportCap,
    accepts: createFilter(config),
    createSpool,
    startedAtMs,
    download,
    async checkpoint() {
      const { trails } = await scanner.state(signal)
      const polledAtMs = trails.find(trail => trail.organization === identity)?.head?.polledAtMs ?? null
      return { seen: await scanner.seen(identity, signal), polledAtMs }
    },
  })
}
