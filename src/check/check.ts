import type { Config } from '../config.ts'
import { tokenSourceOf } from '../connector.ts'
import { asConnectorError } from '../errors.ts'
import { DEFAULT_TIMEOUTS, userAgentOf } from '../hub/client.ts'
import { proxyFromEnv } from '../hub/http.ts'
import { askHub } from '../hub/preflight.ts'
import { areaResults, type CheckArea, type CheckResult } from '../preflight.ts'
import { checkDisk } from '../spool/preflight.ts'
import { judgeHub } from './hub.ts'

/** No part may keep the others waiting for longer. */
const AREA_LIMIT_MS = 60_000

interface Part {
  readonly area: CheckArea
  look(signal: AbortSignal): Promise<CheckResult[]>
}

/**
 * Looks at everything that `run` will need, side by side, and changes nothing. Each part's results come when it and
 * those before it are done. Only what is configured is loaded.
 */
export async function* checkAll(
  config: Config,
  { version }: { readonly version: string },
  signal: AbortSignal,
): AsyncGenerator<readonly CheckResult[], void, void> {
  const running = partsOf(config, version).map(part => inTime(part, signal))
  for (const results of running) yield await results
}

function partsOf(config: Config, version: string): Part[] {
  const parts: Part[] = [
    { area: 'configuration', look: async () => configurationResults(config) },
    { area: 'disk', look: () => checkStorage(config) },
    { area: 'hub', look: signal => checkHub(config, version, signal) },
  ]
  const { kafka, otlp, geoDatabases } = config
  if (geoDatabases.length > 0) {
    parts.push({
      area: 'configuration',
      async look() {
        const { checkGeoDatabases } = await import('../geo/preflight.ts')
        return checkGeoDatabases(geoDatabases, Date.now())
      },
    })
  }
  if (kafka !== undefined) {
    parts.push({
      area: 'kafka',
      async look(signal) {
        const { checkKafka } = await import('../kafka/preflight.ts')
        return checkKafka(kafka, { forwarding: otlp !== undefined }, signal)
      },
    })
    const { registry, topic } = kafka
    if (registry !== undefined) {
      parts.push({
        area: 'registry',
        async look() {
          const { checkRegistry } = await import('../kafka/registry-preflight.ts')
          return checkRegistry(registry, topic)
        },
      })
    }
  }
  if (otlp !== undefined) {
    parts.push({
      area: 'otlp',
      async look(signal) {
        const { checkOtlp } = await import('../otlp/preflight.ts')
        return checkOtlp(otlp, { version }, signal)
      },
    })
  }
  return parts
}

function configurationResults(config: Config): CheckResult[] {
  const lines = areaResults('configuration')
  const names = config.organizations.map(({ name, identity }) =>
    name === identity ? name : `${name} (as ${identity})`,
  )
  const journal = config.kafka === undefined ? 'embedded journal' : `Kafka topic ${config.kafka.topic}`
  const forwarding = config.otlp === undefined ? 'nothing is forwarded' : `OTLP to ${config.otlp.destination}`
  lines.ok('configuration', `${names.join(', ')}; ${journal}; ${forwarding}`)
  for (const warning of config.warnings) lines.warn('configuration', warning)
  return lines.results
}

async function checkStorage(config: Config): Promise<CheckResult[]> {
  const results = checkDisk(config.dataDirectory)
  if (config.kafka !== undefined) return results
  const { checkJournalFile } = await import('../sqlite/preflight.ts')
  return [...results, ...checkJournalFile(config.dataDirectory)]
}

async function checkHub(config: Config, version: string, signal: AbortSignal): Promise<CheckResult[]> {
  const { environment, organizations } = config
  const answers = await askHub(
    organizations,
    {
      settings: {
        ...DEFAULT_TIMEOUTS,
        userAgent: userAgentOf(version, environment.HF_HUB_USER_AGENT_ORIGIN),
        proxy: proxyFromEnv(environment),
      },
      tokenOf: tokenSourceOf(config),
    },
    signal,
  )
  return judgeHub(answers, Date.now())
}

/** A part that fails or hangs is a cross of its own, and the others go on. */
async function inTime({ area, look }: Part, signal: AbortSignal): Promise<readonly CheckResult[]> {
  const limit = AbortSignal.timeout(AREA_LIMIT_MS)
  const lines = areaResults(area)
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(new Error(`no result within ${AREA_LIMIT_MS / 1_000} s`)))
  })
  try {
    return await Promise.race([look(AbortSignal.any([signal, limit])), late])
  } catch (error) {
    lines.fail(area, asConnectorError(error).message)
    return lines.results
  }
}
