import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Ajv } from 'ajv'
import { stringify } from 'yaml'
import { effectiveSettings } from '../../src/config/effective.ts'
import { readConfigFile } from '../../src/config/file.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { hasFile, markdownReference, settings, textReference } from '../../src/config/reference.ts'
import { VARIABLES, type Variable } from '../../src/config/variables.ts'
import { knownVariables, loadConfig } from '../../src/config.ts'

const committed = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const validate = new Ajv({ strict: false }).compile(configJsonSchema())

function yamlFile(t: TestContext, content: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-reference-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'connector.yaml')
  writeFileSync(path, stringify(content))
  return path
}

/** The mistakes that the program finds in a file with these keys. */
function mistakes(t: TestContext, content: unknown): string[] {
  const file = yamlFile(t, content)
  try {
    loadConfig({ environment: {}, file, organizationsRequired: false, readFile: () => 'text' })
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
}

test('the committed schema and the committed page are what the commands write now', () => {
  const mend = (path: string, command: string) => `${path} is old: hf-audit config ${command} > ${path}`
  assert.equal(
    committed('schemas/config.schema.json'),
    `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
    mend('schemas/config.schema.json', 'schema'),
  )
  assert.equal(
    committed('docs/configuration.md'),
    markdownReference(),
    mend('docs/configuration.md', 'reference --format markdown'),
  )
})

test('every variable is in the reference, and every example is one that is accepted', () => {
  const text = textReference()
  for (const [name, { type }] of Object.entries(VARIABLES) as [string, Variable][]) {
    const setting = settings().find(({ variable }) => variable === name)
    assert.ok(setting, `${name} is not in the reference`)
    assert.ok(text.includes(`  ${name}`))
    if (!setting.secret) assert.ok(type.safeParse(setting.example).success, `${name}=${setting.example}`)
  }
})

test('a file with the example of every key is valid for editors and for the program', t => {
  const keys = settings().filter(({ key, secret }) => key !== undefined && !secret)
  const content = Object.fromEntries(keys.map(({ key, example }) => [key, example]))
  // The rest goes together with files that are not there.
  for (const key of Object.keys(content))
    if (/Certificate|ClientKey|SaslTokenFile|geoDbs/.test(key)) delete content[key]
  const whole = {
    ...content,
    organizations: ['acme', { name: 'globex', identity: 'old-globex', tokenFile: '/run/secrets/globex' }],
    kafkaBrokers: ['kafka-1:9092', 'kafka-2:9092'],
    kafkaSaslPassword: 'secret',
    schemaRegistryPassword: 'secret',
    kafkaPartitions: 4,
    kafkaSsl: true,
  }
  assert.ok(validate(whole), JSON.stringify(validate.errors))
  assert.deepEqual(mistakes(t, whole), [])
})

test('what an editor marks as wrong the program refuses too, and the other way round', t => {
  const wrong: Record<string, unknown>[] = [
    { pollInterva: '5m' },
    { pollInterval: 'soon' },
    { exportCap: 'many' },
    { exportCap: 0 },
    { kafkaCompression: 'snappy' },
    { kafkaSsl: 'maybe' },
    { hfEndpoint: 'huggingface.co' },
    { kafkaTopic: 'a topic' },
    { kafkaTopic: '..' },
    { organizations: [7] },
    { organizations: [{ name: 'acme', tokenFile: '' }] },
    { organizations: [{ identity: 'acme' }] },
    { organizations: [{ name: 'acme', tokenfile: '/x' }] },
    { otelServiceName: 'x' },
    { logLevel: { level: 'info' } },
    { hfEndpoint: 'FTP://huggingface.co' },
    { otelExporterOtlpHeaders: [['a=b']] },
  ]
  for (const content of wrong) {
    const shown = JSON.stringify(content)
    assert.equal(validate(content), false, `the schema takes ${shown}`)
    assert.notDeepEqual(mistakes(t, content), [], `the program takes ${shown}`)
  }
  const right: Record<string, unknown>[] = [
    {},
    { organizations: 'acme,globex' },
    { organizations: ['acme'] },
    { pollInterval: '90s', kafkaSsl: 'no', exportCap: '5' },
    { otelExporterOtlpLogsTimeout: 5000, otelExporterOtlpHeadersFile: '/run/secrets/headers' },
    { hfTokenFile: '/run/secrets/hf-token' },
    { hfEndpoint: 'HTTPS://huggingface.co', adminAddress: 'Off', readOnly: 'Yes' },
    { otelExporterOtlpHeaders: ['a=b', 'c=d'], otelExporterOtlpMetricsHeaders: ['a=b'] },
    { logLevel: 'INFO', logFormat: 'Pretty', kafkaCompression: 'GZIP' },
    {
      kafkaBrokers: 'k:9092',
      kafkaSaslMechanism: 'scram-sha-256',
      kafkaSaslUsername: 'u',
      kafkaSaslPassword: 'p',
    },
  ]
  for (const content of right) {
    assert.ok(validate(content), `${JSON.stringify(content)}: ${JSON.stringify(validate.errors)}`)
    const told = mistakes(t, content).filter(mistake => !/cannot be read/.test(mistake))
    assert.deepEqual(told, [])
  }
})

test('a setting that is one of some words is taken in any case, and offered as it is documented', () => {
  let checked = 0
  for (const { variable, key, json } of settings()) {
    const offered = (json?.anyOf as { enum?: unknown[] }[] | undefined)?.[0]?.enum
    if (key === undefined || offered === undefined) continue
    const { type } = (VARIABLES as Record<string, Variable>)[variable]!
    for (const word of offered) {
      const text = String(word)
      const capital = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
      for (const value of [word, text, text.toLowerCase(), text.toUpperCase(), capital]) {
        assert.ok(validate({ [key]: value }), `the schema refuses ${key}: ${value}`)
        assert.ok(type.safeParse(String(value)).success, `the program refuses ${key}: ${value}`)
        checked += 1
      }
      assert.equal(validate({ [key]: `${text}x` }), false)
      assert.equal(type.safeParse(`${text}x`).success, false)
    }
  }
  assert.ok(checked > 100, `only ${checked} were found`)
})

test('config show: where each value comes from, and no secret', t => {
  const path = yamlFile(t, {
    organizations: [{ name: 'acme', tokenFile: '/run/secrets/acme' }],
    pollInterval: '7m',
    kafkaSaslPassword: 'from-the-file',
    otelExporterOtlpEndpoint: 'http://user:hunter2@collector:4318/?key=hunter3',
    otelExporterOtlpLogsHeaders: 'authorization=hunter4',
  })
  const environment = {
    HF_AUDIT_POLL_INTERVAL: '9m',
    HF_TOKEN: 'hf_hunter5',
    HTTPS_PROXY: 'http://u:hunter6@proxy:3128',
    SCHEMA_REGISTRY_PASSWORD_FILE: '/run/secrets/registry',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'hunter7',
  }
  const shown = effectiveSettings(environment, { path, content: readConfigFile(path, knownVariables()) })
  const of = (variable: string) => shown.find(line => line.variable === variable)
  assert.deepEqual(of('HF_AUDIT_POLL_INTERVAL'), {
    variable: 'HF_AUDIT_POLL_INTERVAL',
    key: 'pollInterval',
    value: '9m',
    origin: 'environment',
  })
  assert.deepEqual(
    [of('HF_AUDIT_ORGANIZATIONS')?.value, of('HF_AUDIT_ORGANIZATIONS')?.origin],
    ['acme token from /run/secrets/acme', path],
  )
  assert.equal(of('KAFKA_SASL_PASSWORD')?.origin, path)
  assert.equal(of('SCHEMA_REGISTRY_PASSWORD_FILE')?.value, '/run/secrets/registry')
  assert.equal(of('HF_AUDIT_BLOCKED_RETRY')?.origin, 'default')
  assert.equal(of('KAFKA_BROKERS')?.origin, 'not set')
  assert.doesNotMatch(JSON.stringify(shown), /hunter|from-the-file/)
  const spaced = effectiveSettings(
    {
      HF_ENDPOINT: 'https://user:hun ter@hub',
      SCHEMA_REGISTRY_URL: 'https://user:hun ter@registry',
      KAFKA_BROKERS: 'user:hun ter@kafka:9092',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:hun ter@collec tor?key=hunter',
    },
    undefined,
  )
  assert.doesNotMatch(JSON.stringify(spaced), /hun|ter@/)
})

test('only secrets that have one are told to have a file', () => {
  const secrets = settings().filter(setting => setting.secret && hasFile(setting))
  const files = new Set([
    ...knownVariables(),
    'OTEL_EXPORTER_OTLP_HEADERS_FILE',
    'OTEL_EXPORTER_OTLP_LOGS_HEADERS_FILE',
  ])
  for (const { variable } of secrets) assert.ok(files.has(`${variable}_FILE`), variable)
})
