import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Config, loadConfig } from '../src/config.ts'
import { ConnectorError } from '../src/errors.ts'

const noFile = (path: string): string => {
  throw Object.assign(new Error(path), { code: 'ENOENT' })
}

function load(environment: Record<string, string>, readFile = noFile): Config {
  return loadConfig({ environment, organizationsRequired: true, readFile })
}

function mistakes(environment: Record<string, string>, file?: string): string[] {
  try {
    loadConfig({
      environment,
      organizationsRequired: true,
      readFile: noFile,
      ...(file === undefined ? {} : { file }),
    })
  } catch (error) {
    assert.ok(error instanceof ConnectorError)
    assert.equal(error.code, 'CONFIG_INVALID')
    return error.message.split('\n').slice(1)
  }
  return []
}

function yamlFile(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-config-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'connector.yaml')
  writeFileSync(path, text)
  return path
}

test('one variable is enough: the rest has the documented defaults', () => {
  const config = load({ HF_AUDIT_ORGANIZATIONS: 'acme, globex' })
  assert.deepEqual(
    config.organizations.map(({ name, identity, endpoint }) => [name, identity, endpoint]),
    [
      ['acme', 'acme', 'https://huggingface.co'],
      ['globex', 'globex', 'https://huggingface.co'],
    ],
  )
  assert.equal(config.pollIntervalMs, 300_000)
  assert.equal(config.blockedRetryMs, 900_000)
  assert.equal(config.exportCap, 100_000)
  assert.equal(config.kafka, undefined)
  assert.equal(config.dataDirectory, './data')
})

test('nothing changes the Hub by the token that polls: the other one comes from a variable or a file of its own', () => {
  const HF_AUDIT_ORGANIZATIONS = 'acme'
  const plain = load({ HF_AUDIT_ORGANIZATIONS, HF_TOKEN: 'hf_reader' })
  assert.deepEqual([plain.adminToken, plain.readOnly], [undefined, false])
  const told = load({ HF_AUDIT_ORGANIZATIONS, HF_AUDIT_ADMIN_TOKEN: 'hf_admin', HF_AUDIT_READ_ONLY: 'yes' })
  assert.deepEqual([told.adminToken, told.readOnly], ['hf_admin', true])
  const fromFile = load(
    { HF_AUDIT_ORGANIZATIONS, HF_AUDIT_ADMIN_TOKEN_FILE: '/run/admin' },
    () => 'hf_file\n',
  )
  assert.equal(fromFile.adminToken, 'hf_file')
  assert.deepEqual(mistakes({ HF_AUDIT_ORGANIZATIONS, HF_AUDIT_READ_ONLY: 'maybe' }), [
    '  - HF_AUDIT_READ_ONLY is "maybe"; allowed are true and false',
  ])
})

for (const [path, line] of [
  ['docker/Dockerfile', /^ENV [^#]*HF_AUDIT_READ_ONLY=true$/m],
  ['docker/systemd/hf-audit.service', /^Environment=HF_AUDIT_READ_ONLY=true$/m],
  ['docker/kubernetes/deployment.yaml', /^ +- { name: HF_AUDIT_READ_ONLY, value: "true" }$/m],
] as const) {
  test(`${path} refuses what would change the Hub`, () => {
    assert.match(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'), line)
  })
}

test('all mistakes are told at once, each with the variable, what it was and what is allowed', () => {
  const told = mistakes({
    HF_AUDIT_POLL_INTERVAL: '5',
    HF_AUDIT_EXPORT_CAP: '-1',
    KAFKA_BROKERS: 'kafka',
    KAFKA_COMPRESSION: 'snappy',
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    HF_ENDPOINT: 'huggingface.co',
    KAFKA_TOPIC: '..',
  })
  const text = told.join('\n')
  for (const expected of [
    /HF_AUDIT_ORGANIZATIONS is not set/,
    /HF_AUDIT_POLL_INTERVAL is "5"; allowed is a number with a unit/,
    /HF_AUDIT_EXPORT_CAP is "-1"; allowed is a whole number of at least 1/,
    /KAFKA_BROKERS is "kafka"; allowed is a comma list of host:port/,
    /KAFKA_COMPRESSION is "snappy"; allowed are none, gzip, zstd/,
    /HF_ENDPOINT is "huggingface.co"; allowed is a URL/,
    /KAFKA_TOPIC is "\.\."; allowed are .* but not "\." and "\.\." alone/,
  ]) {
    assert.match(text, expected)
  }
})

test('a secret is never shown, not even when it is wrong', () => {
  const told = mistakes({
    HF_AUDIT_ORGANIZATIONS: 'acme',
    HF_ENDPOINT: 'https://user:hunter2@hub.example',
    KAFKA_SASL_PASSWORD: 'hunter2',
    SCHEMA_REGISTRY_URL: 'http://user:hunter2@registry.example',
  }).join('\n')
  assert.match(told, /HF_ENDPOINT/)
  assert.doesNotMatch(told, /hunter2/)
  const spaced = mistakes({
    HF_AUDIT_ORGANIZATIONS: 'acme',
    HF_ENDPOINT: 'https://user:SEC RET@hub.example:8443',
    KAFKA_BROKERS: 'user:SEC RET@kafka:9092',
    SCHEMA_REGISTRY_URL: 'http://user:SEC RET@registry.example',
  }).join('\n')
  assert.match(spaced, /HF_ENDPOINT is "https:\/\/…@hub\.example:8443"/)
  assert.doesNotMatch(spaced, /SEC|RET/)
})

test('a secret may come from a file, and not from both', () => {
  const readFile = (path: string): string => (path === '/run/secrets/kafka' ? 'invented\n' : noFile(path))
  const config = load(
    {
      HF_AUDIT_ORGANIZATIONS: 'acme',
      KAFKA_BROKERS: 'k:1',
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD_FILE: '/run/secrets/kafka',
    },
    readFile,
  )
  assert.deepEqual(config.kafka?.sasl, { mechanism: 'PLAIN', username: 'u', password: 'invented' })
  const both = mistakes({
    HF_AUDIT_ORGANIZATIONS: 'acme',
    HF_TOKEN: 'hf_x',
    HF_TOKEN_FILE: '/run/secrets/hf',
  })
  assert.match(both.join(), /HF_TOKEN and HF_TOKEN_FILE are both set/)
  const missing = mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme', HF_TOKEN_FILE: '/nowhere' })
  assert.match(missing.join(), /HF_TOKEN_FILE is "\/nowhere", which cannot be read \(ENOENT\)/)
})

test('the file has the same names in camelCase, and the environment comes before it', t => {
  const file = yamlFile(
    t,
    [
      'organizations:',
      '  - name: acme-new',
      '    identity: acme',
      '  - globex',
      'pollInterval: 1m',
      'exportCap: 50',
      'kafkaBrokers: [kafka-1:9092, kafka-2:9092]',
      'otelExporterOtlpEndpoint: http://127.0.0.1:4318',
    ].join('\n'),
  )
  const config = loadConfig({
    environment: { HF_AUDIT_EXPORT_CAP: '60' },
    organizationsRequired: true,
    file,
  })
  assert.deepEqual(
    config.organizations.map(({ name, identity }) => [name, identity]),
    [
      ['acme-new', 'acme'],
      ['globex', 'globex'],
    ],
  )
  assert.equal(config.pollIntervalMs, 60_000)
  assert.equal(config.exportCap, 60)
  assert.deepEqual(config.kafka?.brokers, ['kafka-1:9092', 'kafka-2:9092'])
  assert.equal(config.environment.OTEL_EXPORTER_OTLP_ENDPOINT, 'http://127.0.0.1:4318')
})

test('an unknown key in the file is a mistake with a suggestion; broken YAML names the line and quotes nothing', t => {
  const unknown = mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme' }, yamlFile(t, 'pollIntervall: 5m'))
  assert.match(unknown.join(), /there is no key "pollIntervall"; did you mean "pollInterval"\?/)
  const broken = mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme' }, yamlFile(t, 'a: 1\nhfToken: "hunter2\n'))
  assert.match(broken.join(), /not valid YAML in line/)
  assert.doesNotMatch(broken.join(), /hunter2/)
})

test('each mistake has a line of its own, whoever found it', () => {
  const told = mistakes({
    HF_AUDIT_ORGANIZATIONS: 'acme',
    HTTPS_PROXY: 'ftp://proxy',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
    OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
  })
  assert.equal(told.length, 3)
  for (const line of told) assert.match(line, /^ {2}- (OTEL_|HTTPS_PROXY)/)
})

test('what is wrong in the list of organizations is told in words, entry by entry', t => {
  const told = (text: string): string[] =>
    mistakes({}, yamlFile(t, text)).map(line => line.replace(/^.*connector\.yaml: /, ''))
  const name = 'must be a name, in quotes if YAML would read it as a number or as true or false'
  assert.deepEqual(told('organizations: [1, true]'), [`organizations[0] ${name}`, `organizations[1] ${name}`])
  assert.deepEqual(told('organizations: [{name: acme}, 7]'), [`organizations[1] ${name}`])
  assert.deepEqual(told('organizations: [{name: 7}]'), [
    'organizations[0]: "name" must be a text; put a number in quotes',
  ])
  assert.deepEqual(told('organizations: [{identity: acme}]'), ['organizations[0]: "name" is missing'])
  for (const empty of ['""', '" "'])
    assert.deepEqual(told(`organizations: [{name: acme, tokenFile: ${empty}}]`), [
      'organizations[0]: "tokenFile" is empty; name the file that holds the token, or leave the key out',
    ])
  assert.match(told('organizations: []').join(), /HF_AUDIT_ORGANIZATIONS is not set/)
})

test('a text that YAML would make a number or a truth of is kept as it is or refused', t => {
  for (const line of [
    'workspaceId: 007',
    'workspaceId: True',
    'workspaceId: &id 1.0',
    'kafkaSaslPassword: 0123',
    'dataDir: 0x10',
    'hfTokenFile: 1e3',
    'kafkaSaslUsername: 12345678901234567890',
  ]) {
    const told = mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme' }, yamlFile(t, line)).join()
    assert.match(told, /would not stay as it is written; put it in quotes/, line)
    assert.doesNotMatch(told, /123/)
  }
  const kept = yamlFile(t, 'workspaceId: "007"\nkafkaSsl: True\nexportCap: 1e3\ndataDir: 17')
  const config = loadConfig({ environment: {}, file: kept, organizationsRequired: false, readFile: noFile })
  assert.deepEqual([config.workspaceId, config.exportCap, config.dataDirectory], ['007', 1000, '17'])
})

test('a text that begins with * and is not in quotes is told with the mend, and not repeated', t => {
  for (const line of ['exclude: *.create', 'exclude: [*.create, repo.*]', 'kafkaSaslPassword: *secret']) {
    const told = mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme' }, yamlFile(t, line)).join()
    assert.match(told, /put it in quotes/, line)
    assert.doesNotMatch(told, /secret/)
  }
})

test('a variable that is nearly ours is told as a warning', () => {
  const { warnings } = load({ HF_AUDIT_ORGANIZATIONS: 'acme', HF_AUDIT_POL_INTERVAL: '5m' })
  assert.match(
    warnings.join(),
    /HF_AUDIT_POL_INTERVAL is not a variable .* did you mean "HF_AUDIT_POLL_INTERVAL"/,
  )
})

test('what belongs together is asked for together', () => {
  const base = { HF_AUDIT_ORGANIZATIONS: 'acme', KAFKA_BROKERS: 'kafka:9092' }
  const told = (more: Record<string, string>): string => mistakes({ ...base, ...more }).join()
  assert.match(
    told({ KAFKA_SASL_MECHANISM: 'PLAIN' }),
    /KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must both be set/,
  )
  assert.match(told({ KAFKA_SASL_USERNAME: 'u' }), /KAFKA_SASL_MECHANISM is not/)
  assert.match(told({ KAFKA_SASL_MECHANISM: 'oauthbearer' }), /KAFKA_SASL_TOKEN_FILE/)
  assert.match(told({ SCHEMA_REGISTRY_USERNAME: 'u' }), /go together/)
  assert.match(mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme,acme' }).join(), /"acme" is listed twice/)
  assert.match(mistakes({ HF_AUDIT_ORGANIZATIONS: 'acme/../etc' }).join(), /name of an organization/)
})

test('an empty variable counts as not set', () => {
  assert.equal(load({ HF_AUDIT_ORGANIZATIONS: 'acme', HF_AUDIT_POLL_INTERVAL: ' ' }).pollIntervalMs, 300_000)
})
