import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings, KafkaTls } from '../../src/kafka/settings.ts'
import type { Logger } from '../../src/log.ts'
import { silentLogger } from '../../src/log.ts'
import { freshOrganization } from '../contract/batches.ts'
import { until } from '../support/main-job.ts'
import { CLIENT_AUTH, type SaslSslKafkaServer, startSaslSslKafka } from '../support/stack/kafka-sasl-ssl.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { exportOf, publishAll } from './publishing.ts'

const OAUTH = 'org.apache.kafka.common.security.oauthbearer'
const HOUR_S = 3_600

/** A broker that asks every client for a certificate, and takes tokens beside passwords. */
describe('client certificates and tokens', async () => {
  let broker: SaslSslKafkaServer | undefined
  let ssl: Required<KafkaTls>
  before(async t => {
    if (!(await requireStack(t as TestContext, 'kafka', 'openssl'))) return
    broker = await startSaslSslKafka({
      properties: {
        [CLIENT_AUTH]: 'required',
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512,OAUTHBEARER',
        'listener.name.sasl_ssl.oauthbearer.sasl.jaas.config': `${OAUTH}.OAuthBearerLoginModule required;`,
        // The broker's own for tokens without a signature (RFC 7519, section 6): it checks form and times.
        'listener.name.sasl_ssl.oauthbearer.sasl.server.callback.handler.class': `${OAUTH}.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
      },
    })
    ssl = {
      ca: await readFile(broker.caPath, 'utf8'),
      cert: await readFile(broker.clientCertPath, 'utf8'),
      key: await readFile(broker.clientKeyPath, 'utf8'),
    }
  })
  after(() => broker?.stop())

  function settingsFor(changes: Partial<KafkaSettings>): KafkaSettings {
    return testSettings(broker!.brokers, [freshOrganization()], { ssl, ...changes })
  }

  const scram = () => ({ mechanism: 'SCRAM-SHA-512' as const, ...broker!.superUser })

  /** What a connector does with Kafka, from topics made to everything forwarded. */
  async function work(t: TestContext, settings: KafkaSettings): Promise<void> {
    const journal = createKafkaJournal(settings, { log: silentLogger })
    t.after(() => journal.close())
    await journal.open(AbortSignal.timeout(120_000))
    await publishAll(journal, settings.organizations[0]!, { ids: exportOf(10), batchSize: 5 })
    const source = createKafkaForwardingSource(settings, { log: silentLogger })
    t.after(() => source.close())
    await source.open(AbortSignal.timeout(120_000))
    const end = new AbortController()
    let events = 0
    const running = source.run(
      async entries => {
        events += entries.filter(({ stream }) => stream === 'events').length
      },
      { maxEntries: 100 },
      end.signal,
    )
    await until('all to be forwarded', async () => events >= 10 && (await source.backlog()) === 0)
    end.abort()
    await running
  }

  /** The error, and everything that was told on the way to it. */
  async function refusal(t: TestContext, settings: KafkaSettings): Promise<{ error: Error; told: string }> {
    const lines: string[] = []
    const keep = (fields: object, message: string) => lines.push(JSON.stringify(fields) + message)
    const log: Logger = { debug: keep, info: keep, warn: keep, error: keep }
    const journal = createKafkaJournal(settings, { log })
    t.after(() => journal.close())
    const error = await journal.open(AbortSignal.timeout(120_000)).then(
      () => assert.fail('it opened'),
      (thrown: Error) => thrown,
    )
    return { error, told: [...lines, String(error.stack)].join('\n') }
  }

  function tokenFile(t: TestContext, token: string): string {
    const directory = mkdtempSync(join(tmpdir(), 'hf-audit-token-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'token')
    writeFileSync(file, `${token}\n`)
    return file
  }

  test('with a certificate it publishes and forwards', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    await work(t, settingsFor({ sasl: scram() }))
  })

  test('without a certificate it is refused, with what to set', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const { error } = await refusal(t, settingsFor({ sasl: scram(), ssl: { ca: ssl.ca } }))
    assert.match(error.message, /KAFKA_SSL_CERT and KAFKA_SSL_KEY/)
  })

  test('with a token it publishes and forwards', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const file = tokenFile(t, unsecuredToken(broker.superUser.username, HOUR_S))
    await work(t, settingsFor({ sasl: { mechanism: 'OAUTHBEARER', tokenFile: file } }))
  })

  test('a token that has ended is refused and told to nobody; a new one in the file is taken', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const ended = unsecuredToken(broker.superUser.username, -HOUR_S)
    const file = tokenFile(t, ended)
    const settings = settingsFor({ sasl: { mechanism: 'OAUTHBEARER', tokenFile: file } })
    const { error, told } = await refusal(t, settings)
    assert.match(error.message, /refused the token \(invalid_token\).*KAFKA_SASL_TOKEN_FILE/)
    assert.ok(!told.includes(ended.split('.')[1]!), 'the token was told')
    writeFileSync(file, unsecuredToken(broker.superUser.username, HOUR_S))
    await work(t, settings)
  })

  test('a token file that is not there is named', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const sasl = { mechanism: 'OAUTHBEARER' as const, tokenFile: '/nonexistent/token' }
    const { error } = await refusal(t, settingsFor({ sasl }))
    assert.match(
      error.message,
      /KAFKA_SASL_TOKEN_FILE.*\/nonexistent\/token|\/nonexistent\/token.*KAFKA_SASL_TOKEN_FILE/,
    )
  })
})

/** JSON Web Token without a signature: https://www.rfc-editor.org/rfc/rfc7519#section-6 */
function unsecuredToken(subject: string, lifetimeSeconds: number): string {
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const issuedAt = nowSeconds + Math.min(0, 2 * lifetimeSeconds)
  const claims = { sub: subject, iat: issuedAt, exp: nowSeconds + lifetimeSeconds }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.`
}
