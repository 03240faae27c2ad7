import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { runHfAudit } from '../support/child-process.ts'
import { ECHOES, type Gate, startEchoingGate, startEchoingProxy } from '../support/echoing-gate.ts'
import { organization, until } from '../support/main-job.ts'
import { leakedSecrets, markedSecret, markedToken } from '../support/marked-secrets.ts'
import { startServing } from '../support/running-admin.ts'
import { createCertificates } from '../support/stack/certificates.ts'
import { startCollector } from '../support/stack/collector.ts'
import { startSaslSslKafka } from '../support/stack/kafka-sasl-ssl.ts'
import { startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { temporaryFolder } from '../support/stack/temporary-folder.ts'

/**
 * Invariant 12: with secrets in every place that takes one, what the commands print, serve and store is searched for them
 * in several encodings, while the servers around repeat in their refusals what they were sent.
 */

const EVENTS = 120

test('a leak is found in every encoding that is looked for', () => {
  const secrets = { one: markedSecret(), two: markedToken('hf_') }
  for (const secret of Object.values(secrets)) {
    for (const form of [
      secret,
      secret.slice(5, 20),
      encodeURIComponent(secret),
      Buffer.from(`user:${secret}`).toString('base64'),
      Buffer.from(`a${secret}`).toString('base64url'),
      Buffer.from(secret).toString('hex'),
    ])
      assert.equal(leakedSecrets(secrets, Buffer.from(`before ${form} after`)).length, 1, form)
  }
  assert.deepEqual(leakedSecrets(secrets, Buffer.from('hf_audit, hf_token, a "quoted" text %20')), [])
})

/** Everything with a secret in it, and all that came out of it so far. */
async function guarded(t: TestContext) {
  const folder = await temporaryFolder('secrets')
  t.after(() => folder.remove())
  const path = (...parts: string[]) => join(folder.path, ...parts)
  const secrets: Record<string, string> = {
    'Hub token': markedToken('hf_'),
    'registry password': markedSecret(),
    'collector key': markedToken(),
    'collector password': markedSecret(),
    'proxy password': markedSecret(),
    'status password': markedSecret(),
    'admin token': markedToken('hf_'),
  }
  for (const name of ['certificates', 'kept', 'stored']) mkdirSync(path(name))
  const certificates = await createCertificates(path('certificates'))
  const pem = (name: string) => readFileSync(path('certificates', name))
  const tls = { key: pem('server.key'), cert: pem('server.pem') }
  const simulator = createSimulator({ organizations: [organization], events: EVENTS })
  const [{ url: hubUrl }, kafka, registry, collector] = await Promise.all([
    simulator.start(),
    startSaslSslKafka({ dataDir: path('stored', 'kafka') }),
    startRegistry(),
    startCollector({ outputFile: path('stored', 'collected.jsonl') }),
  ])
  t.after(() => Promise.all([simulator.stop(), kafka.stop(), registry.stop(), collector.stop()]))
  secrets['Kafka password'] = kafka.superUser.password
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const collectorHeader = basic('collector', secrets['collector password']!)
  const [hub, registryGate, collectorGate, proxy] = await Promise.all([
    startEchoingGate(t, {
      target: hubUrl,
      header: 'authorization',
      value: `Bearer ${secrets['Hub token']}`,
      tls,
    }),
    startEchoingGate(t, {
      target: registry.url,
      header: 'authorization',
      value: basic('registry', secrets['registry password']!),
    }),
    startEchoingGate(t, { target: collector.endpoint, header: 'authorization', value: collectorHeader }),
    startEchoingProxy(t, 'operator', secrets['proxy password']!),
  ])
  const secretFile = (name: string, content: string) => {
    writeFileSync(path('kept', name), `${content}\n`)
    return path('kept', name)
  }
  const registryUrl = new URL(registry.url)
  const environment: Record<string, string> = {
    HF_ENDPOINT: `https://localhost:${hub.port}`,
    HF_TOKEN: secrets['Hub token']!,
    HF_AUDIT_ADMIN_TOKEN: secrets['admin token']!,
    HF_AUDIT_STATUS_PASSWORD: secrets['status password']!,
    HF_AUDIT_ORGANIZATIONS: organization,
    HF_AUDIT_DATA_DIR: path('stored', 'data'),
    HF_AUDIT_LOG_LEVEL: 'trace',
    HTTPS_PROXY: proxyUrl(proxy, secrets['proxy password']!),
    HTTP_PROXY: proxyUrl(proxy, secrets['proxy password']!),
    NODE_EXTRA_CA_CERTS: certificates.caPath,
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_COMPRESSION: 'none',
    KAFKA_PARTITIONS: '1',
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: kafka.caPath,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: kafka.superUser.username,
    KAFKA_SASL_PASSWORD_FILE: secretFile('kafka', kafka.superUser.password),
    SCHEMA_REGISTRY_URL: `http://127.0.0.1:${registryGate.port}${registryUrl.pathname}`,
    SCHEMA_REGISTRY_USERNAME: 'registry',
    SCHEMA_REGISTRY_PASSWORD: secrets['registry password']!,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorGate.port}`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(collectorHeader)},api-key=${secrets['collector key']}`,
    // That collector takes no metrics: what it says of them is an error more.
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  }

  const outputs: [what: string, text: string][] = []
  return {
    folder: path,
    secrets,
    environment,
    hub,
    registryGate,
    collectorGate,
    proxy,
    secretFile,
    collected: () => readFileSync(collector.outputFile, 'utf8'),
    note: (what: string, text: string) => void outputs.push([what, text]),
    async run(parameters: readonly string[], changes: Record<string, string> = {}, without: string[] = []) {
      const wanted = { ...environment, ...changes }
      for (const name of without) delete wanted[name]
      const { code, stdout, stderr } = await runHfAudit(parameters, wanted)
      const changed = [...Object.keys(changes), ...without].join(' ')
      outputs.push([`${parameters.join(' ')} with ${changed}: standard output`, stdout])
      outputs.push([`${parameters.join(' ')} with ${changed}: standard error`, stderr])
      return { code, told: stdout + stderr }
    },
    /** What was printed, served and stored, and the secrets in it. */
    leaks(): string[] {
      const files = filesUnder(path('stored')).map(file => [file, readFileSync(file)] as const)
      const all = [...outputs.map(([what, text]) => [what, Buffer.from(text)] as const), ...files]
      return all.flatMap(([where, bytes]) => leakedSecrets(secrets, bytes).map(leak => `${where}: ${leak}`))
    },
  }
}

function proxyUrl({ port }: Gate, password: string): string {
  return `http://operator:${encodeURIComponent(password)}@127.0.0.1:${port}`
}

/** Of Kafka's files the segments alone: the others hold offsets, and some are there for a moment only. */
function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !file.startsWith(join(directory, 'kafka')) || file.endsWith('.log'))
}

async function answersOf(url: string, password: string): Promise<[what: string, text: string][]> {
  const login = { authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}` }
  const wrong = { authorization: `Basic ${Buffer.from(`anyone:${password}!`).toString('base64')}` }
  const answers: [string, string][] = []
  for (const path of ['', 'status.json', 'metrics', 'healthz', 'readyz', `nothing?${password}`]) {
    for (const headers of [{}, login, wrong]) {
      const response = await fetch(url + path, { headers })
      const told = JSON.stringify([...response.headers])
      answers.push([`GET /${path.split('?')[0]} ${response.status}`, told + (await response.text())])
    }
  }
  return answers
}

test('secrets stay secret (invariant 12): while all goes well, and in every kind of refusal', async t => {
  if (!(await requireStack(t, 'kafka', 'openssl', 'registry', 'collector'))) return
  const world = await guarded(t)
  const { secrets, environment, run, hub, registryGate, collectorGate, proxy } = world

  await t.test('all goes well', async t => {
    const written = world.folder('stored', 'hf-audit.yaml')
    const told = await run(
      [
        'init',
        '--yes',
        '--output',
        written,
        '--organizations',
        organization,
        '--endpoint',
        environment.HF_ENDPOINT!,
      ]
        .concat(['--token-file', world.secretFile('hub', secrets['Hub token']!), '--kafka-brokers'])
        .concat([environment.KAFKA_BROKERS!, '--kafka-ssl', '--kafka-ssl-ca', environment.KAFKA_SSL_CA!])
        .concat(['--kafka-sasl-mechanism', 'SCRAM-SHA-512', '--kafka-sasl-username', 'admin'])
        .concat(['--kafka-sasl-password-file', environment.KAFKA_SASL_PASSWORD_FILE!])
        .concat(['--otlp-endpoint', environment.OTEL_EXPORTER_OTLP_ENDPOINT!]),
      {},
      ['HF_TOKEN', 'KAFKA_SASL_PASSWORD_FILE'],
    )
    assert.equal(told.code, 0, told.told)
    for (const parameters of [
      ['config', 'show'],
      ['config', 'show', '--json'],
      ['check'],
      ['check', '--json'],
    ])
      assert.equal((await run(parameters)).code, 0, parameters.join(' '))

    const { worker, url } = await startServing(t, { ...environment, HF_AUDIT_POLL_INTERVAL: '1s' })
    const sequence = async () => {
      const login = `Basic ${Buffer.from(`a:${secrets['status password']}`).toString('base64')}`
      const answer = await fetch(`${url}status.json`, { headers: { authorization: login } })
      return (
        ((await answer.json()) as { organizations: { sequence: number }[] }).organizations[0]?.sequence ?? 0
      )
    }
    await until(
      'events at the collector',
      async () => (await sequence()) >= EVENTS && world.collected().length > 0,
    )
    for (const [what, text] of await answersOf(url, secrets['status password']!)) world.note(what, text)
    worker.kill('SIGHUP')
    const address = ['--address', new URL(url).host]
    assert.equal((await run(['status', ...address])).code, 0)
    assert.equal((await run(['status', '--json', ...address])).code, 0)
    assert.equal((await run(['status', ...address], {}, ['HF_AUDIT_STATUS_PASSWORD'])).code, 2)
    worker.kill('SIGTERM')
    assert.equal(await worker.ended, 0)
    world.note('run: standard output', worker.stdout())
    world.note('run: standard error', worker.stderr())
    assert.ok(worker.stderr().includes('"debug"'), 'the log tells all it can')

    const read = ['--from-beginning', '--no-follow']
    for (const stream of ['events', 'findings', 'dead-letters', 'ledger']) {
      assert.equal((await run(['tail', ...read, '--stream', stream, '--json'])).code, 0)
    }
    const verified = await run(['verify', '--json', '--against-hub'])
    assert.equal(verified.code, 0, verified.told)
    assert.equal((await run(['schema', 'check'])).code, 0)
    const avro = world.folder('stored', 'events.avro')
    assert.equal((await run(['replay', '--from', '2020-01-01', '--to-avro', avro])).code, 0)
    assert.deepEqual(world.leaks(), [])
  })

  await t.test('each server refuses, and repeats what it was sent in every encoding', async () => {
    for (const echo of Object.keys(ECHOES)) {
      for (const gate of [hub, registryGate, collectorGate]) Object.assign(gate, { echo, refuseWith: 401 })
      const { code, told } = await run(['check', '--json'])
      assert.equal(code, 8)
      assert.match(
        told,
        /no entry with .*(redacted|\*\*\*)/,
        `${echo}: its words are told, without the secret`,
      )
    }
    for (const status of [400, 403, 409, 500]) {
      for (const gate of [hub, registryGate, collectorGate])
        Object.assign(gate, { echo: 'as it is', refuseWith: status })
      assert.equal((await run(['check'])).code, 8, String(status))
    }
    for (const gate of [hub, registryGate, collectorGate]) gate.refuseWith = undefined
    assert.ok(Math.min(hub.refusals(), registryGate.refusals(), collectorGate.refusals()) >= 9)
    assert.deepEqual(world.leaks(), [])
  })

  await t.test(
    'a run with each of them refusing: what is logged, stored as dead letter and served',
    async () => {
      for (const [name, gate, status] of [
        ['hub', hub, 401],
        ['hub', hub, 500],
        ['registry', registryGate, 401],
        ['collector', collectorGate, 401],
        ['collector', collectorGate, 400],
      ] as const) {
        gate.refuseWith = status
        const { code } = await run(['run', '--once', '--timeout', '10s'], {
          KAFKA_TOPIC: `${name}-${status}`,
        })
        gate.refuseWith = undefined
        // What is refused for good is among the dead letters, and with that it is done.
        if (status !== 400) assert.notEqual(code, 0)
      }
      assert.deepEqual(world.leaks(), [])
    },
  )

  await t.test('wrong passwords, untrusted certificates, a proxy that refuses', async () => {
    const wrong = (name: string, value: string) => {
      secrets[`wrong ${name}`] = value
      return value
    }
    const cases: [changes: Record<string, string>, without: string[], told: RegExp][] = [
      [{ HF_TOKEN: wrong('token', markedToken('hf_')) }, [], /answered 401/],
      [
        { KAFKA_SASL_PASSWORD: wrong('Kafka password', markedSecret()) },
        ['KAFKA_SASL_PASSWORD_FILE'],
        /KAFKA_SASL_PASSWORD/,
      ],
      [
        { SCHEMA_REGISTRY_PASSWORD: wrong('registry password', markedSecret()) },
        [],
        /refused the credentials/,
      ],
      [
        { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${wrong('collector key', markedToken())}` },
        [],
        /OTEL_EXPORTER_OTLP_HEADERS/,
      ],
      [
        {
          HTTPS_PROXY: proxyUrl(proxy, wrong('proxy password', markedSecret())),
          HTTP_PROXY: proxyUrl(proxy, wrong('proxy password for http', markedSecret())),
        },
        [],
        /407/,
      ],
      [{}, ['NODE_EXTRA_CA_CERTS'], /NODE_EXTRA_CA_CERTS/],
      [{}, ['KAFKA_SSL_CA'], /KAFKA_SSL_CA/],
      [{ KAFKA_SSL: 'false' }, ['KAFKA_SSL_CA'], /Kafka|broker/],
    ]
    await Promise.all(
      cases.map(async ([changes, without, told], index) => {
        const checked = await run(['check'], changes, without)
        assert.equal(checked.code, 8, checked.told)
        assert.match(checked.told, told)
        const own = { HF_AUDIT_DATA_DIR: world.folder('stored', `wrong-${index}`) }
        await run(['run', '--once', '--timeout', '5s'], { ...changes, ...own }, without)
      }),
    )
    assert.ok(proxy.refusals() > 0)
    assert.deepEqual(world.leaks(), [])
  })

  await t.test('a secret in a place where none belongs, or that cannot be used', async () => {
    const misplaced = (name: string) => {
      secrets[`misplaced ${name}`] = markedToken()
      return secrets[`misplaced ${name}`]!
    }
    const file = world.folder('kept', 'broken.yaml')
    writeFileSync(file, `organizations: [acme]\nhfToken: "${misplaced('in broken YAML')}\n  nonsense: [\n`)
    const typed = world.folder('kept', 'typed.yaml')
    writeFileSync(
      typed,
      `organizations: [acme]\nhfToken: [${misplaced('in a list')}]\nkafkaSaslPassword: {a: ${misplaced('in a map')}}\nadminToken: true\n`,
    )
    const cases: [parameters: string[], changes: Record<string, string>][] = [
      [['--config', file], {}],
      [['--config', typed], {}],
      [
        [],
        {
          HF_ENDPOINT: `https://user:${misplaced('in HF_ENDPOINT')}@localhost:1`,
          HTTPS_PROXY: `http://user:${misplaced('in a broken proxy')}@[nonsense`,
          KAFKA_BROKERS: `user:${misplaced('in KAFKA_BROKERS')}@127.0.0.1:9092`,
          SCHEMA_REGISTRY_URL: `user:${misplaced('in a registry without scheme')}@127.0.0.1:1`,
          OTEL_EXPORTER_OTLP_ENDPOINT: `user:${misplaced('in an endpoint without scheme')}@127.0.0.1:1`,
          OTEL_EXPORTER_OTLP_HEADERS: misplaced('as a header without name'),
        },
      ],
      [[], { HF_ENDPOINT: `nonsense://user:${misplaced('in another scheme')}@localhost:1` }],
      [
        [],
        {
          HTTPS_PROXY: `user:${misplaced('in a proxy without scheme')}@127.0.0.1:1`,
          SCHEMA_REGISTRY_URL: `http://user:${misplaced('in SCHEMA_REGISTRY_URL')}@127.0.0.1:1`,
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${misplaced('in the endpoint')}@127.0.0.1:1`,
          OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://127.0.0.1:1/?key=${misplaced('in its query')}`,
        },
      ],
      [[], { HF_TOKEN: `${misplaced('with a line break')}\nand more` }],
      [[], { HF_TOKEN: `ü${misplaced('with other letters')}` }],
    ]
    await Promise.all(
      cases.map(async ([parameters, changes]) => {
        for (const command of [['check'], ['config', 'show'], ['run', '--once', '--timeout', '3s']])
          await run([...command, ...parameters], changes)
      }),
    )
    assert.deepEqual(world.leaks(), [])
  })
})
