import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createSimulator, type Simulator, type SimulatorOptions } from '../src/simulator/simulator.ts'
import { startCollector } from '../test/support/stack/collector.ts'
import { startKafka } from '../test/support/stack/kafka.ts'
import { startSaslSslKafka } from '../test/support/stack/kafka-sasl-ssl.ts'
import { freePort } from '../test/support/stack/ports.ts'
import { startRegistry } from '../test/support/stack/registry.ts'

/**
 * Walks the way of somebody who sets it up, with each thing that goes wrong on it, against a real Kafka, registry and
 * collector and the simulated Hub, and writes what is printed to `docs/check-transcript.md`. `--command` is the
 * `hf-audit` to run, such as that of an installed package; by default the one of this folder.
 */
const { values } = parseArgs({ options: { command: { type: 'string', default: 'dist/cli.js' } } })
const command = realpathSync(values.command)
const folder = mkdtempSync(join(tmpdir(), 'hf-audit-transcript-'))
const ORGANIZATION = 'example-org'

/** What differs from run to run, and what stands for it. */
const standIns = new Map<string, string>()
const plain = (text: string): string =>
  [...standIns]
    .reduce((words, [found, shown]) => words.replaceAll(found, shown), text)
    .replace(/\d+(\.\d+)? GB free/g, '80.0 GB free')
    .replace(/after \d+\.\d s/g, 'after 0.4 s')
    .replace(/after [\d,]+ bytes/g, 'after 65,211 bytes')
    .replace(/Root=1-[0-9a-f]+-[0-9a-f]+/g, 'Root=1-65a…')
    .trimEnd()

const parts: string[] = []
type Variables = Readonly<Record<string, string>>

async function walk(
  title: string,
  words: string,
  parameters: readonly string[],
  variables: Variables,
): Promise<void> {
  const child = spawn(process.execPath, [command, ...parameters], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const [status] = await once(child, 'close')
  const shown = Object.entries(variables).map(
    ([name, value]) => `$ export ${name}=${secretOf(name) ?? plain(value)}`,
  )
  const lines = [
    ...shown,
    plain(`$ hf-audit ${parameters.map(quoted).join(' ')}`),
    plain(output),
    `# exit code ${status}`,
  ]
  parts.push(
    `## ${title}\n\n${words}\n\n\`\`\`console\n${lines.filter(line => line !== '').join('\n')}\n\`\`\``,
  )
  process.stderr.write(`${title}: ${status}\n`)
}

function secretOf(name: string): string | undefined {
  return /TOKEN$|PASSWORD$/.test(name) ? '…' : undefined
}

function quoted(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text}'`
}

async function hub(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; variables: Variables }> {
  const simulator = createSimulator({
    organizations: [ORGANIZATION],
    events: 500,
    token: 'hf_right',
    ...options,
  })
  const { url } = await simulator.start()
  standIns.set(url, 'https://hub.example')
  simulators.push(simulator)
  return {
    simulator,
    variables: { HF_ENDPOINT: url, HF_TOKEN: 'hf_right', HF_AUDIT_ORGANIZATIONS: ORGANIZATION },
  }
}
const simulators: Simulator[] = []

const [kafka, secured, registry, collector] = [
  await startKafka(),
  await startSaslSslKafka(),
  await startRegistry(),
  await startCollector(),
]
try {
  const [downBroker, elsewhere] = [`127.0.0.1:${await freePort()}`, collector.endpoint]
  for (const [found, shown] of [
    [kafka.brokers, 'kafka-1:9092'],
    [secured.brokers, 'kafka-1:9093'],
    [downBroker, 'kafka-2:9092'],
    [registry.url, 'http://registry:8081'],
    [elsewhere, 'http://collector:4318'],
    [secured.caPath, '/etc/kafka/ca.pem'],
    [folder, '/srv/audit'],
    [dirname(dirname(command)), '/srv/audit/node_modules/hf-audit-connector'],
  ] as const)
    standIns.set(found, shown)

  const well = await hub()
  await walk(
    'Setting it up',
    'At a terminal `init` asks; here it is given everything. It writes a file without secrets and looks at all that a run needs.',
    [
      'init',
      '--yes',
      '--organizations',
      ORGANIZATION,
      '--kafka-brokers',
      kafka.brokers,
      '--schema-registry-url',
      registry.url,
      '--otlp-endpoint',
      collector.endpoint,
    ],
    { HF_ENDPOINT: well.variables.HF_ENDPOINT!, HF_TOKEN: 'hf_right' },
  )
  const written = plain(readFileSync(join(folder, 'hf-audit.yaml'), 'utf8'))
  const settings = written.split('\n').filter((line, index) => index < 4 || /^[^#]/.test(line))
  parts.push(
    `\`hf-audit.yaml\`, without the comments that explain every other setting:\n\n\`\`\`yaml\n${settings.join('\n')}\n\`\`\``,
  )

  await walk('A wrong token', 'The token was mistyped, has expired or was revoked.', ['check'], {
    ...well.variables,
    HF_TOKEN: 'hf_wrongwrongwrong',
  })

  const withoutPermission = await hub({ permissions: ['org.read'] })
  withoutPermission.simulator.fault({ kind: 'status', status: 403 })
  await walk(
    'A missing permission',
    'The token is good, and may not read the audit log.',
    ['check'],
    withoutPermission.variables,
  )

  await walk('An unknown organization', 'The name was mistyped.', ['check'], {
    ...well.variables,
    HF_AUDIT_ORGANIZATIONS: 'exampel-org',
  })

  await walk('A Kafka that is down', 'Nobody listens there.', ['check'], {
    ...well.variables,
    KAFKA_BROKERS: downBroker,
  })

  const login = {
    KAFKA_BROKERS: secured.brokers,
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: secured.caPath,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: secured.user.username,
  }
  await walk('A wrong password', 'Of the Kafka user.', ['check'], {
    ...well.variables,
    ...login,
    KAFKA_SASL_PASSWORD: 'not-the-password',
  })
  await walk(
    'Missing ACLs',
    'The Kafka user may log in, and nothing else. The commands that grant what is missing can be copied.',
    ['check'],
    { ...well.variables, ...login, KAFKA_SASL_PASSWORD: secured.user.password },
  )

  const answer = await fetch(`${registry.url}/subjects/taken-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({
      schema: JSON.stringify({
        type: 'record',
        name: 'AuditRecord',
        namespace: 'co.huggingface.audit',
        fields: [{ name: 'id', type: 'int' }],
      }),
    }),
  })
  if (!answer.ok) throw new Error(`the registry answered ${answer.status}`)
  await walk(
    'An incompatible schema',
    'Somebody registered another schema for the topic `taken` before.',
    ['check'],
    {
      ...well.variables,
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC: 'taken',
      SCHEMA_REGISTRY_URL: registry.url,
    },
  )

  await walk('A collector that answers 404', 'The path stands twice in its address.', ['check'], {
    ...well.variables,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/v1/logs`,
  })

  await walk('All is well', 'Nothing was made and nothing changed by looking.', ['check'], {
    ...well.variables,
    KAFKA_BROKERS: kafka.brokers,
    SCHEMA_REGISTRY_URL: registry.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  })

  const intro =
    '# What `init` and `check` say\n\nEach thing that goes wrong on the way, as it is printed. Written by `npm run transcript` from real runs against a real Kafka, schema\nregistry and collector and a simulated Hub; addresses are replaced.'
  writeFileSync('docs/check-transcript.md', `${[intro, ...parts].join('\n\n')}\n`)
} finally {
  await Promise.all([
    kafka.stop(),
    secured.stop(),
    registry.stop(),
    collector.stop(),
    ...simulators.map(one => one.stop()),
  ])
  rmSync(folder, { recursive: true, force: true })
}
