import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'
import { runHfAudit } from '../support/child-process.ts'
import { organization, simulatedHub } from '../support/main-job.ts'
import { type CollectorServer, startCollector } from '../support/stack/collector.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { type RegistryServer, startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'

/** `hf-audit check` as a person meets it: each thing that can be wrong, and what is said about it. */

interface Line {
  readonly area: string
  readonly subject: string
  readonly status: string
  readonly message: string
  readonly mend?: string
}

async function check(environment: Record<string, string>, ...parameters: string[]) {
  const { code, stdout, stderr } = await runHfAudit(['check', '--json', ...parameters], environment)
  assert.equal(stderr, '')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
  const failed = lines.filter(({ status }) => status === 'failed')
  assert.equal(code, failed.length > 0 ? 8 : 0, stdout)
  for (const { subject, mend } of failed) assert.ok(mend, `"${subject}" has no mend`)
  return {
    lines,
    failed: failed.map(({ subject }) => subject),
    of: (subject: string) => lines.find(line => line.subject === subject)!,
  }
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hf-audit-check-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe('the Hub', { concurrency: 2 }, () => {
  const hub = (t: TestContext, options: SimulatorOptions = {}) =>
    simulatedHub(t, { events: 500, token: 'hf_right', ...options })
  const right = { HF_TOKEN: 'hf_right' }

  test('all is well: a tick each, and the download is ended after its first bytes', async t => {
    const { environment, hub: simulator } = await hub(t)
    const { failed, lines } = await check({ ...environment, ...right })
    assert.deepEqual(failed, [])
    assert.deepEqual([...new Set(lines.map(({ status }) => status))], ['ok'], JSON.stringify(lines))
    const exported = simulator.state().requests.latest.find(({ path }) => path.includes('export'))
    assert.ok(exported!.bytes < 400_000 && exported!.outcome !== 'open', JSON.stringify(exported))
  })

  test('a wrong token', async t => {
    const { environment } = await hub(t)
    const { failed, of } = await check({ ...environment, HF_TOKEN: 'hf_wrongwrongwrong' })
    assert.deepEqual(failed, [`token of ${organization}`])
    assert.match(of(`token of ${organization}`).message, /answered 401.*wrong, expired or revoked/)
    assert.match(of(`token of ${organization}`).mend!, /\/settings\/tokens/)
  })

  test('no token', async t => {
    const { environment } = await hub(t)
    const { failed, of } = await check({ ...environment, HF_TOKEN: '' })
    assert.deepEqual(failed, [`token of ${organization}`])
    assert.match(of(`token of ${organization}`).message, /No Hub token was found/)
  })

  test('a missing permission', async t => {
    const { environment, hub: simulator } = await hub(t, { permissions: ['org.read'] })
    simulator.fault({ kind: 'status', status: 403 })
    const { failed, of } = await check({ ...environment, ...right })
    assert.deepEqual(failed, [`permission for ${organization}`, `export of ${organization}`])
    assert.match(
      of(`permission for ${organization}`).message,
      /org\.auditLog\.write on example-org is not among .*\(org\.read\)/,
    )
    assert.match(of(`permission for ${organization}`).mend!, /tick the audit log/)
  })

  test('a user who is no admin, an organization without a plan, a token that has expired', async t => {
    const { environment, hub: simulator } = await hub(t, {
      role: 'read',
      plan: 'none',
      tokenExpiresAtMs: Date.now() - 1_000,
    })
    simulator.fault({ kind: 'status', status: 402 })
    const { failed, of } = await check({ ...environment, ...right })
    assert.deepEqual(failed, [
      `token of ${organization}`,
      `organization ${organization}`,
      `export of ${organization}`,
    ])
    assert.match(of(`organization ${organization}`).message, /Team or Enterprise plan/)
    assert.match(of(`token of ${organization}`).message, /expired/)
  })

  test('an unknown organization, with the near miss', async t => {
    const { environment } = await hub(t)
    const { failed, of } = await check({ ...environment, ...right, HF_AUDIT_ORGANIZATIONS: 'exampel-org' })
    assert.deepEqual(failed, ['organization exampel-org', 'export of exampel-org'])
    assert.match(of('organization exampel-org').message, /did you mean "example-org"/)
  })

  test('a Hub that cannot be reached does not keep the rest from being looked at', async () => {
    const { failed, lines } = await check({
      HF_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      HF_TOKEN: 'hf_x',
      HF_AUDIT_ORGANIZATIONS: 'acme',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    })
    assert.equal(failed.length, 3)
    assert.ok(lines.some(({ area }) => area === 'otlp') && lines.some(({ area }) => area === 'disk'))
  })

  test('a clock that is wrong, by the Date of the Hub', async t => {
    for (const [offMs, status, words] of [
      [-3_600_000, 'failed', /is ahead of the Hub's by at least 3[56]\d\d s/],
      [60_000, 'warning', /is behind the Hub's by at least [56]\d s/],
    ] as const) {
      const { environment } = await hub(t)
      const skewed = createServer(async (request, response) => {
        const answer = await fetch(environment.HF_ENDPOINT + request.url!, {
          headers: { authorization: request.headers.authorization! },
        })
        response.sendDate = false
        response.setHeader('date', new Date(Date.now() + offMs).toUTCString())
        response.setHeader('content-type', 'application/json')
        response.end(Buffer.from(await answer.arrayBuffer()))
      })
      await new Promise<void>(resolve => skewed.listen(0, '127.0.0.1', resolve))
      t.after(() => skewed.close())
      const url = `http://127.0.0.1:${(skewed.address() as AddressInfo).port}`
      const { of } = await check({ ...environment, ...right, HF_ENDPOINT: url })
      assert.equal(of('clock').status, status)
      assert.match(of('clock').message, words)
      assert.match(of('clock').mend!, /timedatectl/)
    }
  })
})

describe('this machine', () => {
  const base = { HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: 'hf_x', HF_AUDIT_ORGANIZATIONS: 'acme' }

  test('a configuration with mistakes: a cross each, and nothing is connected', async () => {
    const { lines, failed } = await check({
      ...base,
      HF_AUDIT_POLL_INTERVAL: '5',
      KAFKA_BROKERS: 'kafka',
      KAFKA_SSL: 'perhaps',
    })
    assert.equal(failed.length, 3)
    assert.match(lines.map(({ message }) => message).join('\n'), /KAFKA_BROKERS is "kafka"/)
    assert.equal(lines.at(-1)!.status, 'skipped')
  })

  test('a data directory that is a file, or cannot be written to; none is made', async t => {
    const directory = folder(t)
    writeFileSync(join(directory, 'file'), '')
    const asFile = await check({ ...base, HF_AUDIT_DATA_DIR: join(directory, 'file') })
    assert.match(asFile.lines.find(({ area }) => area === 'disk')!.message, /is not a directory/)
    const inProc = await check({ ...base, HF_AUDIT_DATA_DIR: '/proc/hf-audit' })
    assert.match(inProc.lines.find(({ area }) => area === 'disk')!.message, /cannot be written to/)
    const later = await check({ ...base, HF_AUDIT_DATA_DIR: join(directory, 'a', 'b') })
    assert.match(later.lines.find(({ area }) => area === 'disk')!.message, /will be made in/)
    assert.ok(!existsSync(join(directory, 'a')))
    if (process.getuid?.() !== 0) {
      chmodSync(directory, 0o500)
      const shut = await check({ ...base, HF_AUDIT_DATA_DIR: directory })
      assert.match(shut.lines.find(({ area }) => area === 'disk')!.message, /EACCES/)
      chmodSync(directory, 0o700)
    }
  })

  test('for people: signs, mends and a sum; colours only where they are wanted', async () => {
    const { code, stdout } = await runHfAudit(['check'], base)
    assert.equal(code, 8)
    assert.match(stdout, /^Configuration\n {2}✔ configuration: acme; embedded journal/)
    assert.match(stdout, /✘ export of acme: GET .*\n {6}→ see that this machine reaches it/)
    assert.match(stdout, /\d problems to mend\. 1 could not be looked at\.\n$/)
    const control = String.fromCharCode(27)
    assert.ok(!stdout.includes(control))
    assert.ok((await runHfAudit(['check'], { ...base, FORCE_COLOR: '1' })).stdout.includes(`${control}[31m`))
  })
})

describe('Kafka, registry and collector', async () => {
  let kafka: KafkaServer | undefined
  let registry: RegistryServer
  let collector: CollectorServer
  before(async t => {
    for (const part of ['kafka', 'registry', 'collector'] as const)
      if (!(await requireStack(t as TestContext, part))) return
    ;[kafka, registry, collector] = await Promise.all([startKafka(), startRegistry(), startCollector()])
  })
  after(async () => {
    if (kafka !== undefined) await Promise.all([kafka.stop(), registry.stop(), collector.stop()])
  })

  async function deployed(t: TestContext): Promise<Record<string, string>> {
    const { environment } = await simulatedHub(t, { events: 50 })
    return {
      ...environment,
      KAFKA_BROKERS: kafka!.brokers,
      SCHEMA_REGISTRY_URL: registry.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    }
  }
  const subjects = async (): Promise<unknown> => (await fetch(`${registry.url}/subjects`)).json()

  test('all is well, and everything is as it was', async t => {
    if (kafka === undefined) return t.skip('needs all parts')
    const before = JSON.stringify(await subjects())
    const { failed, lines } = await check({ ...(await deployed(t)), KAFKA_TOPIC: 'well' })
    assert.deepEqual(failed, [])
    assert.deepEqual(
      [...new Set(lines.map(({ area }) => area))],
      ['configuration', 'disk', 'hub', 'kafka', 'registry', 'otlp'],
    )
    assert.equal(JSON.stringify(await subjects()), before)
    assert.equal(existsSync(collector.outputFile) ? readFileSync(collector.outputFile, 'utf8') : '', '')
  })

  test('Kafka and registry that are down', async t => {
    if (kafka === undefined) return t.skip('needs all parts')
    const [broker, other] = [`127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
    const { failed } = await check({
      ...(await deployed(t)),
      KAFKA_BROKERS: broker,
      SCHEMA_REGISTRY_URL: other,
    })
    assert.deepEqual(failed, [`broker ${broker}`, `registry ${other}`])
  })

  test('an incompatible schema, for check and for schema', async t => {
    if (kafka === undefined) return t.skip('needs all parts')
    const subject = 'incompatible-value'
    const foreign = {
      type: 'record',
      name: 'AuditRecord',
      namespace: 'co.huggingface.audit',
      fields: [{ name: 'id', type: 'int' }],
    }
    const answer = await fetch(`${registry.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(foreign) }),
    })
    assert.equal(answer.status, 200)
    const environment = { ...(await deployed(t)), KAFKA_TOPIC: 'incompatible' }
    const { failed, of } = await check(environment)
    assert.deepEqual(failed, [`subject ${subject}`])
    assert.match(of(`subject ${subject}`).message, /incompatible with what is registered: ./)

    const asked = await runHfAudit(['schema', 'check'], environment)
    assert.equal(asked.code, 8)
    assert.match(asked.stdout, /^incompatible-value: would refuse our schema/m)
    const refused = await runHfAudit(['schema', 'register'], environment)
    assert.equal(refused.code, 8)
    assert.doesNotMatch(
      JSON.stringify(await subjects()),
      /incompatible\.ledger/,
      'one was registered all the same',
    )
  })

  test('schemas that may not be registered by the connector: check names the command that does it', async t => {
    if (kafka === undefined) return t.skip('needs all parts')
    const environment = {
      ...(await deployed(t)),
      KAFKA_TOPIC: 'by-hand',
      SCHEMA_REGISTRY_AUTO_REGISTER: 'false',
    }
    const { failed, of } = await check(environment)
    assert.equal(failed.length, 4)
    assert.equal(of('subject by-hand-value').mend, 'hf-audit schema register')
    const { code, stdout } = await runHfAudit(['schema', 'register', '--json'], environment)
    assert.equal(code, 0)
    const states = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { state: string; id: number })
    assert.deepEqual(
      states.map(({ state, id }) => [state, typeof id]),
      Array(4).fill(['registered', 'number']),
    )
    assert.deepEqual((await check(environment)).failed, [])
    const again = await runHfAudit(['schema', 'check'], environment)
    assert.match(again.stdout, /^by-hand-value: holds our schema \(id \d+\)$/m)
  })

  test('a collector that answers 404', async t => {
    if (kafka === undefined) return t.skip('needs all parts')
    const { failed, of } = await check({
      ...(await deployed(t)),
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/v1/logs`,
    })
    const subject = `endpoint ${collector.endpoint}/v1/logs/v1/logs`
    assert.deepEqual(failed, [subject])
    assert.match(of(subject).message, /answered 404/)
    assert.equal(of(subject).mend, `leave /v1/logs out: OTEL_EXPORTER_OTLP_ENDPOINT=${collector.endpoint}`)
  })
})
