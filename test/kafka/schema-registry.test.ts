import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { framingOf, schemaText } from '../../src/event/avro.ts'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReader } from '../../src/kafka/reader.ts'
import { createSchemaRegistry } from '../../src/kafka/schema-registry.ts'
import { silentLogger } from '../../src/log.ts'
import { freshOrganization } from '../contract/batches.ts'
import { until } from '../support/main-job.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { type RegistryServer, startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { testSettings } from './broker.ts'
import { exportOf, publishAll } from './publishing.ts'
import { readCommitted } from './read-committed.ts'

const log = silentLogger
const forever = new AbortController().signal

describe('schema registry', async () => {
  let broker: KafkaServer | undefined
  let registryServer: RegistryServer
  before(async t => {
    if (!(await requireStack(t as TestContext, 'kafka', 'registry'))) return
    ;[broker, registryServer] = await Promise.all([startKafka(), startRegistry()])
  })
  after(() => Promise.all([broker?.stop(), registryServer?.stop()]))

  function client(t: TestContext, autoRegister = true) {
    const registry = createSchemaRegistry({ url: `${registryServer.url}/`, autoRegister })
    t.after(() => registry.close())
    return registry
  }

  test('a schema is registered once, whoever asks', async t => {
    if (broker === undefined) return t.skip('needs Kafka and a registry')
    const id = await client(t).idOf('once-value', schemaText('events'))
    assert.equal(await client(t).idOf('once-value', schemaText('events')), id)
    assert.equal(await client(t, false).idOf('once-value', schemaText('events')), id)
    assert.deepEqual(JSON.parse(await client(t).schemaText(id)), JSON.parse(schemaText('events')))
  })

  test('without auto-registration a missing schema is named with the command', async t => {
    if (broker === undefined) return t.skip('needs Kafka and a registry')
    await assert.rejects(client(t, false).idOf('never-value', schemaText('ledger')), {
      code: 'REGISTRY_INCOMPATIBLE',
      message: /hf-audit schema register/,
    })
  })

  test('an incompatible schema is refused with the registry’s own words', async t => {
    if (broker === undefined) return t.skip('needs Kafka and a registry')
    const field = (name: string) => ({ name, type: 'string' })
    const schema = (...names: string[]) =>
      JSON.stringify({ type: 'record', name: 'R', fields: names.map(field) })
    await client(t).idOf('strict-value', schema('a'))
    await assert.rejects(client(t).idOf('strict-value', schema('a', 'b')), {
      code: 'REGISTRY_INCOMPATIBLE',
      retryable: false,
      message: /refused the registration of subject strict-value: .{10}/,
    })
    assert.equal((await client(t).checkCompatibility('strict-value', schema('a', 'b'))).compatible, false)
    assert.equal((await client(t).checkCompatibility('strict-value', schema('a'))).compatible, true)
    assert.equal((await client(t).checkCompatibility('unheard-of-value', schema('z'))).compatible, true)
  })

  test('values carry the registry’s ids, and every reader of ours takes them', async t => {
    if (broker === undefined) return t.skip('needs Kafka and a registry')
    const organization = freshOrganization()
    const settings = testSettings(broker.brokers, [organization], {
      registry: { url: registryServer.url, autoRegister: true },
    })
    const journal = createKafkaJournal(settings, { log })
    t.after(() => journal.close())
    await journal.open(forever)
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 10 })
    await journal.close()
    const [record] = await readCommitted(broker.brokers, settings.topic)
    const framing = framingOf(record!.value!)
    assert.ok(framing.kind === 'confluent')
    assert.equal(
      framing.schemaId,
      await client(t, false).idOf(`${settings.topic}-value`, schemaText('events')),
    )
    assert.equal(record?.headers?.ce_type?.toString(), 'co.huggingface.audit.repo.create')

    const reader = createKafkaReader(settings, { log })
    t.after(() => reader.close())
    await reader.open(forever)
    const tailed: unknown[] = []
    const options = { streams: ['events', 'ledger'] as const, fromBeginning: true, follow: false }
    for await (const { record: read } of reader.tail(options, forever)) tailed.push(read)
    assert.equal(tailed.length, 22)

    const source = createKafkaForwardingSource(settings, { log })
    t.after(() => source.close())
    await source.open(forever)
    let forwarded = 0
    const end = new AbortController()
    const running = source.run(
      async entries => {
        forwarded += entries.length
      },
      { maxEntries: 7 },
      end.signal,
    )
    const deadline = Date.now() + 120_000
    while ((await source.backlog()) > 0 && Date.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 50))
    end.abort()
    await running
    assert.equal(forwarded, 22)

    // A lost checkpoint is rebuilt through the registry too.
    const other = createKafkaJournal({ ...settings, registry: undefined }, { log })
    t.after(() => other.close())
    await assert.rejects(other.open(forever), {
      code: 'CONFIG_INVALID',
      message: /SCHEMA_REGISTRY_URL is not set/,
    })
  })

  test('a registry that goes away after the start is not missed, by the poller nor by the forwarder', async t => {
    if (broker === undefined) return t.skip('needs Kafka and a registry')
    const organization = freshOrganization()
    const gate = await startTcpProxy(await freePort(), Number(new URL(registryServer.url).port))
    t.after(() => gate.close())
    const url = new URL(registryServer.url)
    url.port = String(gate.port)
    const settings = testSettings(broker.brokers, [organization], {
      registry: { url: url.href, autoRegister: true },
    })
    const journal = createKafkaJournal(settings, { log })
    t.after(() => journal.close())
    await journal.open(forever)
    const source = createKafkaForwardingSource(settings, { log })
    t.after(() => source.close())
    await source.open(forever)
    gate.cut()
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 10 })
    let forwarded = 0
    const end = new AbortController()
    const deliver = async (entries: readonly unknown[]): Promise<void> => {
      forwarded += entries.length
    }
    const running = source.run(deliver, { maxEntries: 7 }, end.signal)
    await until('everything to be forwarded', async () => forwarded === 22 && (await source.backlog()) === 0)
    end.abort()
    await running
  })

  test('credentials go to the registry and nowhere else; a down or wrong one is told apart', async t => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization)
      response.writeHead(request.url?.startsWith('/down') ? 503 : 401, { 'content-type': 'application/json' })
      response.end('{"message":"no"}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const origin = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const open = (url: string, more = {}) => {
      const registry = createSchemaRegistry({ url, autoRegister: false, ...more })
      t.after(() => registry.close())
      return registry.idOf('s-value', '"int"')
    }
    await assert.rejects(open(`http://user:geheim@${origin}/api`), error => {
      const { code, retryable, message, stack } = error as Error & { code: string; retryable: boolean }
      assert.deepEqual([code, retryable], ['REGISTRY_UNAVAILABLE', false])
      assert.match(message, /SCHEMA_REGISTRY_PASSWORD/)
      assert.doesNotMatch(`${message} ${stack} ${JSON.stringify(error)}`, /geheim/)
      return true
    })
    assert.equal(asked[0], `Basic ${Buffer.from('user:geheim').toString('base64')}`)
    await assert.rejects(open(`http://${origin}/down`, { username: 'a', password: 'b' }), { retryable: true })
    await assert.rejects(open('http://127.0.0.1:1/'), { code: 'REGISTRY_UNAVAILABLE', retryable: true })
  })
})
