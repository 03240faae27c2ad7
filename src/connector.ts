import { homedir } from 'node:os'
import { type Config, invalid } from './config.ts'
import { asConnectorError, ConnectorError } from './errors.ts'
import { createFilter } from './event/filter.ts'
import type { Finding } from './event/records.ts'
import { createForwarder, type Forwarder } from './forwarder.ts'
import { createPollingHub, DEFAULT_TIMEOUTS, type PollingHub, userAgentOf } from './hub/client.ts'
import { proxyFromEnv } from './hub/http.ts'
import { createTokenSource, type TokenOf } from './hub/token.ts'
import { createJournals, type Journals } from './journals.ts'
import type { Logger } from './log.ts'
import { createBufferCollector } from './memory.ts'
import { createObservation } from './observation.ts'
import { firstOwnership, pollOwned, reportHeldElsewhere } from './owned-polling.ts'
import { createPoller, type Poller, type PollerDependencies, type PollProgress } from './poller.ts'
import { type PollingDependencies, pollOnce } from './polling.ts'
import type { AddressEnricher, Hub, Journal } from './ports.ts'
import { pruneHourly, pruneOnce } from './pruning.ts'
import { restartNeeds, withOrganizations } from './reload.ts'
import { reportFailure, reportPoll } from './report.ts'
import { createRoster } from './roster.ts'
import { createFileSpool } from './spool/file-spool.ts'
import { notingTrouble } from './status/opening-log.ts'
import { allOrNone } from './tasks.ts'
import { createUnknownTypeWarnings } from './unknown-types.ts'

export interface ConnectorDependencies {
  readonly log: Logger
  readonly version: string
  readonly onProgress?: (progress: PollProgress) => void
}

export interface Connector {
  /** Polls and forwards until the signal is aborted. Throws what is fatal to the whole process. */
  run(signal: AbortSignal): Promise<void>
  /**
   * Polls each organization that this process owns once, then waits until everything is forwarded. `timeout` ends the
   * tries, `stop` ends everything. Returns what went wrong; all of it is in the log already.
   */
  runOnce(timeout: AbortSignal, stop: AbortSignal): Promise<ConnectorError[]>
  /**
   * Takes the organizations and the tokens of another configuration while it runs; whatever else differs is told and
   * counts at the next start. Throws `CONFIG_INVALID` where an organization has no token: then all is as before.
   */
  reload(config: Config): Promise<void>
}

const SPOOL_MEMORY_BYTES = 4 * 1024 * 1024

/**
 * Builds every part from the configuration. Nothing is connected before `run` or `runOnce`.
 * Throws `CONFIG_INVALID` where an organization has no token, or a geo database cannot be used.
 */
export async function createConnector(
  initial: Config,
  dependencies: ConnectorDependencies,
): Promise<Connector> {
  const { log } = dependencies
  const problems = await tokenProblems(initial)
  const enricher = await createEnricher(initial, log).catch(error => {
    problems.push(...asConnectorError(error).message.split('\n'))
    return undefined
  })
  if (problems.length > 0) throw invalid(problems)
  const roster = createRoster(initial.organizations)
  const config = withOrganizations(initial, roster.organizations)
  let tokenOf = tokenSourceOf(initial)
  const journals = await createJournals(
    config,
    notingTrouble(log, (message, code) => observation.openingFailed(message, code)),
  )
  const hub = createHub(config, dependencies, organization => tokenOf(organization))
  const forwarding = await createForwarding(config, dependencies, journals, finding =>
    observation.found(finding),
  )
  const { version } = dependencies
  const observation = createObservation({ config, version, log, hub, forwarding, journal: journals.journal })
  const { journal } = observation
  const poller = createPollerOf(config, hub, journal, {
    onProgress(progress) {
      observation.progressed(progress)
      dependencies.onProgress?.(progress)
    },
    ...(enricher === undefined ? {} : { enricher }),
    onUnknownType: createUnknownTypeWarnings(log),
  })
  const pruning = { sourceTtlDays: config.sourceTtlDays, forwarding: forwarding !== undefined }
  const polling: PollingDependencies = {
    poller,
    now: Date.now,
    random: Math.random,
    onPolled(organization, outcome) {
      reportPoll(log, outcome)
      observation.polled(organization, outcome)
    },
    onFailed(organization, error, retryInMs) {
      reportFailure(log, organization, error, retryInMs)
      observation.failed(organization, error, retryInMs)
    },
    onWaiting: observation.waiting,
  }

  async function open(signal: AbortSignal, admin: string | undefined): Promise<void> {
    for (const warning of config.warnings) log.warn({}, warning)
    log.info(
      {
        version: dependencies.version,
        organizations: config.organizations.map(organization => organization.identity),
        hub: config.endpoint,
        journal:
          config.kafka === undefined ? config.dataDirectory : `${config.kafka.brokers} ${config.kafka.topic}`,
        otlp: forwarding?.destination ?? 'off',
        pollIntervalMs: config.pollIntervalMs,
        admin: admin ?? 'off',
      },
      'starting',
    )
    await journal.open(signal)
    await forwarding?.open(signal)
  }

  function told(error: unknown): ConnectorError {
    const known = asConnectorError(error)
    log.error({ code: known.code }, known.message)
    return known
  }

  async function close(): Promise<void> {
    // The poller's side first: what it still commits may yet be forwarded by another worker or the next start.
    for (const part of [journal, forwarding, hub, observation]) {
      try {
        await part?.close()
      } catch (error) {
        log.warn({ code: asConnectorError(error).code }, `while closing: ${asConnectorError(error).message}`)
      }
    }
  }

  return {
    async run(signal) {
      try {
        await open(signal, await observation.serve())
        await allOrNone(signal, [
          inner => pollOwned(config, roster, journal, polling, inner),
          ...(forwarding === undefined ? [] : [(inner: AbortSignal) => forwarding.forwarder.run(inner)]),
          inner => pruneHourly(pruning, journal, log, inner),
          observation.run,
        ])
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        await close()
      }
    },

    async runOnce(timeout, stop) {
      const signal = AbortSignal.any([timeout, stop])
      const stopForwarding = new AbortController()
      try {
        await observation.pushOnly()
        await open(signal, undefined)
        const forwardingSignal = AbortSignal.any([stop, stopForwarding.signal])
        const forwarded = forwarding?.forwarder.run(forwardingSignal)
        forwarded?.catch(() => {})
        const owned = await firstOwnership(journal, signal)
        const mine = config.organizations.filter(organization => owned.has(organization.identity))
        reportHeldElsewhere(log, config.organizations, owned)
        const results = await Promise.all(
          mine.map(organization => pollOnce(organization, config, polling, signal)),
        )
        const errors = results.filter(result => result !== undefined)
        await pruneOnce(pruning, journal)
        try {
          await forwarding?.forwarder.drained(signal)
        } catch (error) {
          errors.push(told(error))
        }
        stopForwarding.abort()
        await forwarded?.catch(() => {})
        return stop.aborted ? [] : errors
      } catch (error) {
        return stop.aborted ? [] : [told(notReadyInTime(error))]
      } finally {
        stopForwarding.abort()
        await close()
      }
    },

    async reload(next) {
      const problems = await tokenProblems(next)
      if (problems.length > 0) throw invalid(problems)
      const wants = restartNeeds(initial, next)
      if (wants.length > 0)
        log.warn({ settings: wants }, 'these differ from what it runs with, and count at the next start')
      // Another Hub is a matter of the restart: the trail would begin anew with the first poll.
      const organizations = next.organizations.map(one => ({ ...one, endpoint: config.endpoint }))
      tokenOf = tokenSourceOf(next)
      roster.replace(organizations)
      log.info(
        { organizations: organizations.map(({ identity }) => identity) },
        'configuration read again: organizations and tokens',
      )
    },
  }
}

export function createHub(
  config: Config,
  { log, version }: Pick<ConnectorDependencies, 'log' | 'version'>,
  tokenOf: TokenOf = tokenSourceOf(config),
): PollingHub {
  const { environment } = config
  return createPollingHub(
    {
      ...DEFAULT_TIMEOUTS,
      userAgent: userAgentOf(version, environment.HF_HUB_USER_AGENT_ORIGIN),
      proxy: proxyFromEnv(environment),
    },
    {
      tokenOf,
      now: Date.now,
      log,
    },
  )
}

export function tokenSourceOf({ environment, organizations }: Config): TokenOf {
  const ownFiles = organizations.flatMap(({ identity, tokenFile }) =>
    tokenFile === undefined ? [] : [[identity, tokenFile] as const],
  )
  return createTokenSource({ env: environment, homeDirectory: homedir(), tokenFiles: new Map(ownFiles) })
}

/** At the start a missing token is a mistake of the configuration; one that vanishes later blocks its organization. */
async function tokenProblems(config: Config): Promise<string[]> {
  const tokenOf = tokenSourceOf(config)
  const problems = new Set<string>()
  for (const organization of config.organizations) {
    await tokenOf(organization).catch(error => problems.add(asConnectorError(error).message))
  }
  return [...problems]
}

/** Undefined where no geo databases are configured. Reads them: throws `CONFIG_INVALID`, a line for each that cannot be used. */
export async function createEnricher(config: Config, log: Logger): Promise<AddressEnricher | undefined> {
  if (config.geoDatabases.length === 0) return undefined
  const { openGeoDatabases } = await import('./geo/databases.ts')
  return openGeoDatabases(config.geoDatabases, log)
}

export function createPollerOf(
  config: Config,
  hub: Pick<Hub, 'exportAuditLog' | 'ownUserId'>,
  journal: Journal,
  dependencies: Pick<PollerDependencies, 'onProgress' | 'enricher' | 'onUnknownType'>,
): Poller {
  return createPoller(config, {
    hub,
    journal,
    createSpool: () => createFileSpool({ directory: config.dataDirectory, memoryBytes: SPOOL_MEMORY_BYTES }),
    accepts: createFilter(config),
    now: Date.now,
    buffers: createBufferCollector(() => dependencies.enricher?.heldBytes() ?? 0),
    ...dependencies,
  })
}

/** Loaded only where something is forwarded. */
async function createForwarding(
  config: Config,
  { log, version }: ConnectorDependencies,
  journals: Journals,
  onFinding: (finding: Finding) => void,
) {
  if (config.otlp === undefined) return undefined
  const source = journals.createForwardingSource(onFinding)
  const { createLogSink } = await import('./otlp/sink.ts')
  const sink = createLogSink(config.otlp, { version })
  const { endpoint } = config
  const forwarder: Forwarder = createForwarder({
    source,
    sink,
    log,
    now: Date.now,
    random: Math.random,
    endpoint,
  })
  return {
    forwarder,
    destination: sink.destination,
    open: (signal: AbortSignal) => source.open(signal),
    async close() {
      await source.close()
      await sink.close()
    },
  }
}

/** A time-out before the first poll: nothing was done, and that must not look fine. */
function notReadyInTime(error: unknown): ConnectorError {
  const known = asConnectorError(error)
  if (known.code !== 'STOPPED') return known
  return new ConnectorError('JOURNAL_UNAVAILABLE', 'The journal was not ready within --timeout.', {
    retryable: true,
    cause: error,
  })
}
