import type { Config } from '../config.ts'
import { createHub } from '../connector.ts'
import type { Organization } from '../event/organization.ts'
import type { EventQuery } from '../query/event-query.ts'
import { type Queried, queryExport } from '../query/query-export.ts'
import { reachNote } from '../query/reach.ts'
import type { MatchedEvent } from '../query/scan.ts'
import { countOf } from '../status/words.ts'
import { packageVersion } from '../version.ts'
import { clearingProgress, createLoggerOf } from './logger.ts'
import { createProgressDisplay } from './progress.ts'
import { tell } from './standard-output.ts'
import { triedAgain } from './tried-again.ts'

/** One download; tried again where it fails for a while, each time into a fresh sink. */
export async function askHub(
  config: Config,
  organization: Organization,
  query: EventQuery,
  createSink: () => { add(event: MatchedEvent): void },
  signal: AbortSignal,
): Promise<Queried> {
  const progress = createProgressDisplay(process.stderr.isTTY === true)
  const log = clearingProgress(createLoggerOf(config), progress.clear)
  const hub = createHub(config, { log, version: packageVersion() })
  try {
    return await triedAgain(
      () => {
        const sink = createSink()
        return queryExport(query, event => sink.add(event), {
          download: condition => hub.exportAuditLog(organization, signal, condition),
          onRefused: condition =>
            log.debug({ condition }, 'the Hub does not take the condition; asked without'),
          onProgress: ({ wireBytes, expectedWireBytes }) =>
            progress.show({
              organization,
              phase: 'downloading',
              done: wireBytes(),
              total: expectedWireBytes,
            }),
        })
      },
      log,
      signal,
    )
  } finally {
    progress.clear()
    await hub.close()
  }
}

/** What is not in the answer although it might be expected there. */
export function tellMissing(config: Config, query: EventQuery, queried: Queried, isShort: boolean): void {
  const { poisoned, repeated } = queried
  if (poisoned > 0)
    tell(`${countOf(poisoned, 'element')} of the export that are no audit events were left out.`)
  if (repeated > 0)
    tell(`${countOf(repeated, 'element')} of the export that repeat another one's id were left out.`)
  const note = reachNote(queried, query, config.exportCap, isShort)
  if (note !== undefined) tell(note)
}
