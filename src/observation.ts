import { healthzRoute, readyzRoute } from './admin/health-routes.ts'
import { metricsRoute } from './admin/metrics-route.ts'
import { startAdminServer } from './admin/server.ts'
import { pageRoute, statusJsonRoute } from './admin/status-routes.ts'
import type { Config } from './config.ts'
import { asConnectorError, type ConnectorError, type ErrorCode } from './errors.ts'
import type { Organization } from './event/organization.ts'
import type { Finding } from './event/records.ts'
import type { Forwarder } from './forwarder.ts'
import type { PollingHub } from './hub/client.ts'
import { createJournalReader } from './journals.ts'
import type { Logger } from './log.ts'
import type { PollOutcome, PollProgress } from './poller.ts'
import type { Journal } from './ports.ts'
import { sleep } from './retry.ts'
import { readEarlierFindings } from './status/earlier-findings.ts'
import type { Status } from './status/model.ts'
import { observedJournal } from './status/observed-journal.ts'
import { StatusBook } from './status/status-book.ts'
import type { Metrics } from './telemetry/metrics.ts'

export interface ObservationParts {
  readonly config: Config
  readonly version: string
  readonly log: Logger
  readonly journal: Journal
  readonly hub: Pick<PollingHub, 'ownUserId' | 'tokenExpiresAtMs'>
  readonly forwarding: { readonly forwarder: Forwarder; readonly destination: string } | undefined
}

/** What an operator can see of a running connector: it listens to the others, and none of them waits for it. */
export interface Observation {
  /** To be used in the place of the one that was given. */
  readonly journal: Journal
  polled(organization: Organization, outcome: PollOutcome): void
  failed(organization: Organization, error: ConnectorError, retryInMs: number | undefined): void
  waiting(organization: Organization, forMs: number): void
  progressed(progress: PollProgress): void
  /** The forwarder found it, not a poll. */
  found(finding: Finding): void
  /** The journal could not be opened yet. */
  openingFailed(message: string, code: ErrorCode): void
  /**
   * Begins to serve and to push. Returns the URL of the status page, undefined where it is off. Throws `CONFIG_INVALID`
   * when the address cannot be listened on.
   */
  serve(): Promise<string | undefined>
  /** Begins to push, where that is configured: for a run that is too short to be asked. */
  pushOnly(): Promise<void>
  /** Reads what earlier processes have found, for the organizations that come to this worker. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Whoever asks for the status waits no longer than this for the forwarder's part of it. */
const FORWARDER_ANSWER_MS = 1_500
/** The backlog is asked for at most this often. */
const FORWARDER_FRESH_MS = 2_000
const FINDINGS_RETRY_MS = 30_000
/** A collector that is away must not hold up the end. */
const LAST_PUSH_MS = 3_000

export function createObservation(parts: ObservationParts): Observation {
  const { config, version, log, hub, forwarding } = parts
  const { kafka } = config
  const book = new StatusBook(
    {
      organizations: config.organizations,
      hub: config.endpoint,
      pollIntervalMs: config.pollIntervalMs,
      version,
      journal: {
        kind: parts.journal.kind,
        place: kafka === undefined ? config.dataDirectory : `${kafka.brokers.join(', ')}, ${kafka.topic}`,
      },
      otlpDestination: forwarding?.destination,
    },
    Date.now,
  )
  let metrics: Metrics | undefined
  let closeServer: (() => Promise<void>) | undefined
  let owned: ReadonlySet<string> = new Set()
  let onOwned = () => {}

  const journal = observedJournal(parts.journal, book, {
    owned(identities) {
      owned = identities
      metrics?.owned(identities)
      onOwned()
    },
    committed: (batch, isBackfill) => metrics?.committed(batch, isBackfill),
  })

  let asking: Promise<void> | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY

  async function askForwarder(): Promise<void> {
    if (forwarding === undefined || performance.now() - askedAtMs < FORWARDER_FRESH_MS) return
    asking ??= forwarding.forwarder
      .state()
      .then(state => book.forwarderAt(state))
      .catch(() => {})
      .finally(() => {
        askedAtMs = performance.now()
        asking = undefined
      })
    await Promise.race([asking, sleep(FORWARDER_ANSWER_MS, new AbortController().signal)])
  }

  async function status(): Promise<Status> {
    await askForwarder()
    return book.status()
  }

  /** The SDK is loaded only where somebody looks. */
  async function measure(prometheus: boolean) {
    const { createMetrics } = await import('./telemetry/metrics.ts')
    const { otlpResource, SERVICE_NAME } = await import('./otlp/resource.ts')
    const scraped = prometheus
      ? (await import('./telemetry/prometheus.ts')).createPrometheusReader()
      : undefined
    const readers = scraped === undefined ? [] : [scraped.reader]
    if (config.metricsPush !== undefined) {
      const { createMetricPush } = await import('./otlp/metric-reader.ts')
      readers.push(createMetricPush(config.metricsPush, { version, log }))
    }
    const scope = { name: SERVICE_NAME, version }
    metrics = createMetrics({ readers, resource: otlpResource(version), scope, status })
    return scraped
  }

  /** The Hub says it together with whom the token belongs to, which is asked once for each token. */
  async function noteTokenExpiry(organization: Organization): Promise<void> {
    await hub.ownUserId(organization, AbortSignal.timeout(60_000))
    book.tokenExpires(organization, await hub.tokenExpiresAtMs(organization))
  }

  return {
    journal,

    polled(organization, outcome) {
      book.polled(organization, outcome)
      metrics?.polled(organization, outcome)
      if (closeServer !== undefined) noteTokenExpiry(organization).catch(() => {})
    },
    failed(organization, error, retryInMs) {
      book.failed(organization, error, retryInMs)
      metrics?.failed(organization, error)
    },
    waiting: (organization, forMs) => book.waiting(organization, forMs),
    progressed: progress => book.progressed(progress),
    found(finding) {
      book.found(finding)
      metrics?.found(finding)
    },
    openingFailed: (message, code) => book.openingFailed(message, code),

    async serve() {
      if (config.admin === undefined) {
        if (config.metricsPush !== undefined) await measure(false)
        return undefined
      }
      const scraped = (await measure(true))!
      const routes = [
        pageRoute(status),
        statusJsonRoute(status),
        healthzRoute,
        readyzRoute(() => book.status()),
        metricsRoute(scraped),
      ]
      const server = await startAdminServer(
        { ...config.admin, statusPassword: config.statusPassword },
        routes,
        log,
      )
      closeServer = () => server.close()
      return server.url
    },

    async pushOnly() {
      if (config.metricsPush !== undefined) await measure(false)
    },

    async run(signal) {
      if (closeServer === undefined) return
      const read = new Set<string>()
      while (!signal.aborted) {
        for (const identity of read) if (!owned.has(identity)) read.delete(identity)
        const missing = new Set([...owned].filter(identity => !read.has(identity)))
        try {
          if (missing.size > 0) {
            await readEarlierFindings(() => createJournalReader(config, log), missing, book, signal)
            for (const identity of missing) read.add(identity)
          }
          await until(signal, wake => {
            onOwned = wake
            if ([...owned].some(identity => !read.has(identity))) wake()
          })
        } catch (error) {
          log.debug({}, `earlier findings cannot be read yet: ${asConnectorError(error).message}`)
          await sleep(FINDINGS_RETRY_MS, signal).catch(() => {})
        }
      }
    },

    async close() {
      await closeServer?.()
      const pushed = metrics?.close().catch(() => {})
      await Promise.race([pushed, sleep(LAST_PUSH_MS, new AbortController().signal)])
    },
  }
}

/** Waits for the call of what `arm` is given, or for the signal. */
function until(signal: AbortSignal, arm: (wake: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    const wake = () => {
      signal.removeEventListener('abort', wake)
      resolve()
    }
    signal.addEventListener('abort', wake)
    if (signal.aborted) wake()
    else arm(wake)
  })
}
