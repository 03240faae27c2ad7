import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { Logger } from '../../src/log.ts'
import { createMetricPush } from '../../src/otlp/metric-reader.ts'
import { metricsPushSettings } from '../../src/otlp/metrics-settings.ts'

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT'

test('metrics are pushed only when that is asked for', () => {
  assert.equal(metricsPushSettings({}), undefined)
  assert.equal(metricsPushSettings({ [ENDPOINT]: 'http://collector.example:4318' }), undefined)
  const asked = metricsPushSettings({
    [ENDPOINT]: 'http://collector.example:4318/base/',
    OTEL_METRICS_EXPORTER: 'OTLP',
  })
  assert.equal(asked?.destination, 'http://collector.example:4318/base/v1/metrics')
  assert.equal(asked.intervalMs, 60_000)
  const own = metricsPushSettings({
    [ENDPOINT]: 'http://collector.example:4318',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://metrics.example/m',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-tenant=a',
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-logs=b',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20c',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
  })
  assert.equal(own?.destination, 'http://metrics.example/m')
  assert.deepEqual(own.headers, { authorization: 'Bearer c', 'x-tenant': 'a' })
  assert.equal(own.intervalMs, 5_000)
  for (const off of ['none', 'prometheus', 'none,prometheus'])
    assert.equal(
      metricsPushSettings({
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://m.example',
        OTEL_METRICS_EXPORTER: off,
      }),
      undefined,
    )
  assert.ok(
    metricsPushSettings({ [ENDPOINT]: 'http://c.example', OTEL_METRICS_EXPORTER: 'prometheus, otlp' }),
  )
  assert.equal(
    metricsPushSettings({
      [ENDPOINT]: 'http://c.example',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_SDK_DISABLED: 'true',
    }),
    undefined,
  )
})

test('mistakes are told with what is allowed', () => {
  const cases: [NodeJS.ProcessEnv, RegExp][] = [
    [{ OTEL_METRICS_EXPORTER: 'otlp' }, /neither OTEL_EXPORTER_OTLP_METRICS_ENDPOINT nor/],
    [
      { OTEL_METRICS_EXPORTER: 'zipkin', [ENDPOINT]: 'http://c.example' },
      /"zipkin": allowed are otlp, prometheus/,
    ],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'ftp://u:secret@c' }, /\*\*\*@c.*allowed is a URL.*v1\/metrics/],
    [
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c', OTEL_METRIC_EXPORT_INTERVAL: '5s' },
      /OTEL_METRIC_EXPORT_INTERVAL is "5s"/,
    ],
    [
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc' },
      /METRICS_PROTOCOL is "grpc"/,
    ],
  ]
  for (const [environment, message] of cases)
    assert.throws(() => metricsPushSettings(environment), { code: 'CONFIG_INVALID', message })
})

async function collector(t: TestContext, answer: () => number) {
  const requests: { path: string; headers: NodeJS.Dict<string | string[]>; body: Buffer }[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    requests.push({ path: request.url!, headers: request.headers, body })
    response.writeHead(answer(), { 'content-type': 'text/plain' }).end('Bearer top-secret-value is not known')
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, requests }
}

test('a push carries the metrics and the headers; what fails is told once, without them', async t => {
  let status = 401
  const { url, requests } = await collector(t, () => status)
  const lines: string[] = []
  const tell = (_: object, message: string) => void lines.push(message)
  const log: Logger = { debug() {}, info: tell, warn: tell, error: tell }
  const settings = metricsPushSettings({
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/v1/metrics?key=query-secret`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20top-secret-value',
  })!
  const reader = createMetricPush(settings, { version: '1.2.3', log })
  const provider = new MeterProvider({ readers: [reader] })
  provider.getMeter('test').createCounter('hf_audit.test.pushed').add(7, { organization: 'example-org' })
  for (let push = 0; push < 3; push++) await provider.forceFlush().catch(() => {})
  status = 200
  await provider.forceFlush()
  await provider.shutdown()
  const [first] = requests
  assert.equal(first?.path, '/v1/metrics?key=query-secret')
  assert.equal(first.headers.authorization, 'Bearer top-secret-value')
  assert.match(String(first.headers['user-agent']), /^hf-audit-connector\/1\.2\.3 /)
  assert.ok(first.body.includes('hf_audit.test.pushed') && first.body.includes('example-org'))
  assert.equal(lines.length, 2, lines.join('\n'))
  assert.match(lines[0]!, /^metrics cannot be pushed/)
  assert.equal(lines[1], 'metrics are pushed again')
  assert.doesNotMatch(lines.join(), /secret/)
})

test('a gauge of what is gone is not pushed any more', async t => {
  const { url, requests } = await collector(t, () => 200)
  const log: Logger = { debug() {}, info() {}, warn() {}, error() {} }
  const settings = metricsPushSettings({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url })!
  const provider = new MeterProvider({ readers: [createMetricPush(settings, { version: '1', log })] })
  let present = ['example-org', 'example-labs']
  provider
    .getMeter('test')
    .createObservableGauge('hf_audit.test.gauge')
    .addCallback(observed => {
      for (const organization of present) observed.observe(1, { organization })
    })
  await provider.forceFlush()
  present = ['example-org']
  await provider.forceFlush()
  await provider.shutdown()
  assert.deepEqual(
    requests.slice(0, 2).map(({ body }) => body.includes('example-labs')),
    [true, false],
  )
})
