import type { Admin } from 'kafkajs'
import { silentLogger } from '../log.ts'
import { type AreaResults, areaResults, type CheckResult } from '../preflight.ts'
import { createClient } from './client.ts'
import { journalError } from './client-errors.ts'
import { withAdmin } from './connect.ts'
import { checkLimits } from './limit-preflight.ts'
import { checkPermissions } from './permission-preflight.ts'
import { probe, speaksTls } from './reach.ts'
import type { KafkaSettings } from './settings.ts'
import { checkTopics } from './topic-preflight.ts'

/** Kafka from the cable up: reach, TLS, login, topics, permissions, limits. Changes nothing there. */
export async function checkKafka(
  settings: KafkaSettings,
  options: { readonly forwarding: boolean },
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const lines = areaResults('kafka')
  if (!(await checkReach(settings, lines))) return lines.results
  const kafka = createClient(settings, silentLogger)
  try {
    await withAdmin(kafka, async admin => {
      if (!(await checkLogin(settings, admin, lines))) return
      const partitions = await checkTopics(settings, kafka, admin, lines, signal)
      await checkPermissions(settings, kafka, partitions, options, lines)
      await checkLimits(settings, admin, lines)
    })
  } catch (error) {
    await tellConnection(settings, error, lines)
  }
  return lines.results
}

/** Each broker's port; false when none can be used. */
async function checkReach(settings: KafkaSettings, lines: AreaResults): Promise<boolean> {
  const tried = await Promise.all(
    settings.brokers.map(async broker => ({ broker, error: await probe(broker, settings.ssl) })),
  )
  const reached = tried.filter(({ error }) => error === undefined)
  const how = settings.ssl === undefined ? 'reached, no TLS' : 'reached, TLS with a trusted certificate'
  for (const { broker, error } of tried) {
    if (error === undefined) {
      lines.ok(`broker ${broker}`, how)
      continue
    }
    const { message, retryable } = journalError(error, 'connecting')
    const cause = message.replace(/^connecting: /, '')
    const mend = retryable
      ? 'start the broker, or correct KAFKA_BROKERS; look for a firewall between here and there'
      : undefined
    const tell = reached.length > 0 ? lines.warn : lines.fail
    tell(`broker ${broker}`, cause, mend)
  }
  return reached.length > 0
}

async function checkLogin(settings: KafkaSettings, admin: Admin, lines: AreaResults): Promise<boolean> {
  const { brokers } = await admin.describeCluster()
  const { sasl, ssl } = settings
  const login =
    sasl === undefined
      ? 'no login'
      : `login ${'username' in sasl ? sasl.username : 'by token'} (${sasl.mechanism})`
  const plainText = sasl !== undefined && ssl === undefined
  if (plainText && sasl.mechanism === 'PLAIN') {
    lines.warn('login', `${login}: the password goes over the network as it is`, 'set KAFKA_SSL=true')
  } else lines.ok('login', `${login}; ${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}`)

  const advertised = brokers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  const further = advertised.filter(address => !settings.brokers.includes(address))
  const results = await Promise.all(
    further.map(async address => ({ address, error: await probe(address, ssl) })),
  )
  let usable = true
  for (const { address, error } of results) {
    if (error === undefined) continue
    usable = false
    lines.fail(
      `broker ${address}`,
      `the cluster names this address, which cannot be used from here: ${journalError(error, 'connecting').message.replace(/^connecting: /, '')}`,
      "let the broker's advertised.listeners name an address that this machine can reach",
    )
  }
  return usable
}

/** The port was reached, but Kafka was not spoken with. */
async function tellConnection(settings: KafkaSettings, error: unknown, lines: AreaResults): Promise<void> {
  const { message, retryable } = journalError(error, 'talking to Kafka')
  const [broker] = settings.brokers
  if (!retryable) return lines.fail('login', message.replace(/^talking to Kafka: /, ''), loginMend(message))
  if (settings.ssl === undefined && (await speaksTls(broker!)))
    return lines.fail(
      'TLS',
      `${broker} speaks TLS, and KAFKA_SSL is not true (${message})`,
      'set KAFKA_SSL=true and KAFKA_SSL_CA',
    )
  const mend =
    settings.sasl === undefined
      ? `is it a Kafka listener, and one without login? Else set KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD; look at the broker's log`
      : "is it the listener for this login? Compare listeners and sasl.enabled.mechanisms in the broker's server.properties"
  lines.fail(`broker ${broker}`, message, mend)
}

function loginMend(message: string): string | undefined {
  return /credentials/.test(message)
    ? 'set the right ones; a password with newline or quotes is best read from KAFKA_SASL_PASSWORD_FILE'
    : undefined
}
