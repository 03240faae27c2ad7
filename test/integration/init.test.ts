import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config.ts'
import { projectFolder, runHfAudit } from '../support/child-process.ts'
import { simulatedHub } from '../support/main-job.ts'
import { requireStack } from '../support/stack/requirements.ts'

const terminal = fileURLToPath(new URL('../support/terminal.py', import.meta.url))
const ENTER = '\r'
const DOWN = '\u001b[B'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hf-audit-init-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The file as the program and as an editor read it. */
function read(path: string) {
  const text = readFileSync(path, 'utf8')
  const validate = new Ajv({ strict: false }).compile(configJsonSchema())
  assert.ok(validate(parse(text)), JSON.stringify(validate.errors))
  return {
    text,
    config: loadConfig({ environment: {}, file: path, organizationsRequired: true, readFile: () => 'x' }),
  }
}

test('by options alone: the file is written, checked, and the next step said', async t => {
  const { environment } = await simulatedHub(t, { events: 10, organizations: ['acme'] })
  const directory = folder(t)
  const [output, token] = [join(directory, 'audit.yaml'), join(directory, 'token')]
  writeFileSync(token, 'hf_simulated')
  const data = join(directory, 'data')
  const parameters = ['init', '--yes', '--output', output, '--organizations', 'acme', '--token-file', token]
  const more = ['--data-dir', data, '--endpoint', environment.HF_ENDPOINT!]
  const { code, stdout, stderr } = await runHfAudit([...parameters, ...more], {})
  assert.deepEqual([code, stderr], [0, ''], stdout)
  assert.match(stdout, /✔ export of acme[\s\S]*Ready\.[\s\S]*Next: hf-audit run --config .*audit\.yaml\n$/)
  const { text, config } = read(output)
  assert.equal(config.dataDirectory, data)
  assert.match(text, /^# yaml-language-server: \$schema=.*schemas\/config\.schema\.json\n/)
  assert.doesNotMatch(text, /hf_simulated/)

  const ran = await runHfAudit(['run', '--once', '--config', output], {})
  assert.equal(ran.code, 0, ran.stderr)
})

test('everything by options: all of it is in the file, and nothing is secret', async t => {
  const output = join(folder(t), 'audit.yaml')
  const { code, stdout } = await runHfAudit(
    [
      ...['init', '--yes', '--no-check', '--output', output, '--organizations', 'acme, globex'],
      ...[
        '--kafka-brokers',
        'k1:9093,k2:9093',
        '--kafka-topic',
        'audit',
        '--kafka-ssl',
        '--kafka-ssl-ca',
        '/etc/ca.pem',
      ],
      ...['--kafka-sasl-mechanism', 'SCRAM-SHA-512', '--kafka-sasl-username', 'connector'],
      ...[
        '--kafka-sasl-password-file',
        '/run/secrets/kafka',
        '--schema-registry-url',
        'https://registry:8081',
      ],
      ...['--otlp-endpoint', 'http://collector:4318'],
    ],
    {},
  )
  assert.equal(code, 0)
  assert.match(stdout, /To be set in the environment: HF_TOKEN\.\nNext: hf-audit check/)
  const { kafka, otlp, organizations } = read(output).config
  assert.deepEqual(
    organizations.map(({ name }) => name),
    ['acme', 'globex'],
  )
  assert.deepEqual(kafka?.brokers, ['k1:9093', 'k2:9093'])
  assert.equal(kafka?.topic, 'audit')
  assert.equal(kafka?.registry?.url, 'https://registry:8081')
  assert.deepEqual(kafka?.sasl, { mechanism: 'SCRAM-SHA-512', username: 'connector', password: 'x' })
  assert.equal(otlp?.destination, 'http://collector:4318/v1/logs')
})

test('a file that is there is kept, unless it may be replaced; what is missing or wrong is said', async t => {
  const output = join(folder(t), 'audit.yaml')
  writeFileSync(output, 'mine')
  const base = ['init', '--yes', '--no-check', '--output', output]
  const kept = await runHfAudit([...base, '--organizations', 'acme'], {})
  assert.equal(kept.code, 2)
  assert.match(kept.stderr, /is there already; .*--force/)
  assert.equal(readFileSync(output, 'utf8'), 'mine')
  const missing = await runHfAudit([...base, '--force'], {})
  assert.equal(missing.code, 2)
  assert.match(missing.stderr, /--organizations is missing, and nothing is asked with --yes/)
  const wrong = await runHfAudit([...base, '--force', '--organizations', 'acme', '--kafka-brokers', 'k'], {})
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /KAFKA_BROKERS is "k"; allowed is/)
  assert.equal(readFileSync(output, 'utf8'), 'mine')
  assert.equal((await runHfAudit([...base, '--force', '--organizations', 'acme'], {})).code, 0)
  assert.equal(read(output).config.organizations[0]!.name, 'acme')
  assert.equal(
    (await runHfAudit(['init', '--output', `${output}.2`], {})).code,
    2,
    'it asked without a terminal',
  )
})

test('what the program would refuse is not written, and told in the configuration’s words', async t => {
  const output = join(folder(t), 'audit.yaml')
  const base = ['init', '--yes', '--no-check', '--output', output]
  const kafka = ['--organizations', 'acme', '--kafka-brokers', 'k:9092']
  for (const [options, words] of [
    [['--organizations', 'a b'], /The name of an organization is "a b"; allowed are/],
    [['--organizations', '../x'], /The name of an organization is "\.\.\/x"; allowed are/],
    [['--organizations', 'acme,acme'], /The organization "acme" is listed twice/],
    [['--organizations', ','], /HF_AUDIT_ORGANIZATIONS is not set/],
    [
      ['--organizations', 'acme', '--otlp-endpoint', 'collector:4318'],
      /OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4318": allowed is a URL/,
    ],
    [
      ['--organizations', 'acme', '--schema-registry-url', 'http://r:8081'],
      /SCHEMA_REGISTRY_URL is set but KAFKA_BROKERS is not/,
    ],
    [[...kafka, '--kafka-ssl-ca', '/etc/ca.pem'], /KAFKA_SSL_CA is set but KAFKA_SSL is not true/],
  ] as const) {
    const { code, stderr } = await runHfAudit([...base, ...options], {})
    assert.equal(code, 2, options.join(' '))
    assert.match(stderr, words)
    assert.ok(!existsSync(output), options.join(' '))
  }
  const later = await runHfAudit([...base, ...kafka, '--kafka-sasl-mechanism', 'plain'], {})
  assert.equal(later.code, 0, later.stderr)
  assert.match(
    later.stdout,
    /To be set in the environment: HF_TOKEN, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD\./,
  )
})

test('no password of an address is repeated or written', async t => {
  const output = join(folder(t), 'audit.yaml')
  const base = ['init', '--yes', '--no-check', '--output', output, '--organizations', 'acme']
  for (const [options, words] of [
    [['--endpoint', 'http://user:hunter2@x'], /HF_ENDPOINT is "http:\/\/…@x"; a URL with a user name/],
    [['--kafka-brokers', 'user:hunter2@b:9092'], /KAFKA_BROKERS is "…@b:9092"; allowed is/],
    [
      ['--kafka-brokers', 'b:9092', '--schema-registry-url', 'http://user:hunter2@x'],
      /SCHEMA_REGISTRY_URL is "http:\/\/…@x"; a URL with/,
    ],
    [
      ['--otlp-endpoint', 'http://user:hunter2@c:4318'],
      /OTEL_EXPORTER_OTLP_ENDPOINT is "http:\/\/…@c:4318"; a user name .* set OTEL_EXPORTER_OTLP_HEADERS in the/,
    ],
  ] as const) {
    const { code, stdout, stderr } = await runHfAudit([...base, ...options], {})
    assert.equal(code, 2, options.join(' '))
    assert.match(stderr, words)
    assert.doesNotMatch(stdout + stderr, /hunter2/)
    assert.ok(!existsSync(output), options.join(' '))
  }
})

test('a new file is for its owner alone, and one that is replaced keeps its mode', async t => {
  const output = join(folder(t), 'audit.yaml')
  const base = ['init', '--yes', '--no-check', '--output', output, '--organizations', 'acme']
  const mode = () => (statSync(output).mode & 0o777).toString(8)
  assert.equal((await runHfAudit(base, {})).code, 0)
  assert.equal(mode(), '600')
  chmodSync(output, 0o640)
  assert.equal((await runHfAudit([...base, '--force'], {})).code, 0)
  assert.equal(mode(), '640')
})

/** Answers typed on a real terminal. */
async function typed(t: TestContext, output: string, steps: [string, string][]) {
  if (!(await requireStack(t, 'python'))) return undefined
  const command = [process.execPath, 'src/cli.ts', 'init', '--no-check', '--output', output]
  const { status, stdout } = spawnSync('python3', [terminal, JSON.stringify(steps), ...command], {
    cwd: projectFolder,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm' },
    encoding: 'utf8',
  })
  return { status, stdout }
}

test('asked on a terminal: Kafka with a login, and mistakes are told at once', async t => {
  const output = join(folder(t), 'audit.yaml')
  const result = await typed(t, output, [
    ['Which organizations', `acme,acme${ENTER}`],
    ['is listed twice', `${'\u007f'.repeat(5)}${ENTER}`],
    ['A file that holds the token', `/run/secrets/hf-token${ENTER}`],
    ['Where do the events go', `${DOWN}${ENTER}`],
    ['Brokers', `kafka${ENTER}`],
    ['allowed is a comma list of host:port', `:9092${ENTER}`],
    ['Do they speak TLS', `n`],
    ['How does one log in', `${DOWN}${ENTER}`],
    ['As whom', `connector${ENTER}`],
    ['A file that holds the password', ENTER],
    ['A schema registry', ENTER],
    ['An OpenTelemetry collector', `collector:4318${ENTER}`],
    ['allowed is a URL with http or https', `${'\u007f'.repeat(14)}${ENTER}`],
  ])
  if (result === undefined) return
  assert.equal(result.status, 0, result.stdout)
  assert.match(result.stdout, /To be set in the environment: KAFKA_SASL_PASSWORD\./)
  const values = parse(readFileSync(output, 'utf8'))
  assert.deepEqual(values, {
    organizations: ['acme'],
    hfTokenFile: '/run/secrets/hf-token',
    kafkaBrokers: ['kafka:9092'],
    kafkaSaslMechanism: 'SCRAM-SHA-512',
    kafkaSaslUsername: 'connector',
  })
})

test('Ctrl-C writes nothing', async t => {
  const output = join(folder(t), 'audit.yaml')
  const result = await typed(t, output, [
    ['Which organizations', `acme${ENTER}`],
    ['A file that holds the token', '\u0003'],
  ])
  if (result === undefined) return
  assert.match(result.stdout, /Nothing was written/)
  assert.notEqual(result.status, 124)
  assert.ok(!existsSync(output))
})
