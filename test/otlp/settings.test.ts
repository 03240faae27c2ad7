import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConnectorError } from '../../src/errors.ts'
import { otlpSettings } from '../../src/otlp/settings.ts'
import { makeCertificates } from './support/certificates.ts'

const GENERAL = 'OTEL_EXPORTER_OTLP_ENDPOINT'
const FOR_LOGS = 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'
const endpoint = { [GENERAL]: 'http://collector.example:4318' }

/** The lines of the error, which must be ours. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    otlpSettings({ ...endpoint, ...env })
  } catch (error) {
    assert.ok(error instanceof ConnectorError && error.code === 'CONFIG_INVALID', String(error))
    return error.message.split('\n')
  }
  return []
}

function folderOf(t: TestContext): (name: string, text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-settings-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return (name, text) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
}

test('nothing is forwarded without an endpoint, or when it is switched off', () => {
  assert.equal(otlpSettings({}), undefined)
  assert.equal(otlpSettings({ [GENERAL]: '  ' }), undefined)
  assert.equal(otlpSettings({ ...endpoint, OTEL_LOGS_EXPORTER: 'none' }), undefined)
  assert.equal(otlpSettings({ ...endpoint, OTEL_SDK_DISABLED: 'True' }), undefined)
  assert.equal(
    otlpSettings({ ...endpoint, OTEL_LOGS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }),
    undefined,
  )
  assert.notEqual(
    otlpSettings({ ...endpoint, OTEL_SDK_DISABLED: '1', OTEL_LOGS_EXPORTER: 'OTLP' }),
    undefined,
  )
})

const urls: [string, string, string][] = [
  [GENERAL, 'http://host:4318', 'http://host:4318/v1/logs'],
  [GENERAL, 'http://host:4318/', 'http://host:4318/v1/logs'],
  [GENERAL, 'https://host/my/collector', 'https://host/my/collector/v1/logs'],
  [GENERAL, 'https://host/my/collector/', 'https://host/my/collector/v1/logs'],
  [GENERAL, 'https://host/api?key=k', 'https://host/api/v1/logs?key=k'],
  [FOR_LOGS, 'https://host/my/logs', 'https://host/my/logs'],
  [FOR_LOGS, 'http://host:4318', 'http://host:4318/'],
]
for (const [variable, value, url] of urls) {
  test(`${variable}=${value} goes to ${url}`, () => {
    assert.equal(otlpSettings({ [variable]: value })!.url.href, url)
  })
}

test('the variable for logs goes before the general one', () => {
  const settings = otlpSettings({
    ...endpoint,
    [FOR_LOGS]: 'https://logs.example/in',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '2000',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
    OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'GZIP',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf',
  })!
  assert.equal(settings.url.href, 'https://logs.example/in')
  assert.deepEqual([settings.timeoutMs, settings.compression], [2_000, 'gzip'])
})

test('ten seconds and no compression unless said otherwise', () => {
  const { timeoutMs, compression, headers, tls } = otlpSettings(endpoint)!
  assert.deepEqual(
    { timeoutMs, compression, headers, tls },
    { timeoutMs: 10_000, compression: 'none', headers: {}, tls: {} },
  )
})

test('headers are percent-decoded, those for logs added to the general ones', () => {
  const { headers } = otlpSettings({
    ...endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: ' Authorization = Basic%20dTpw==, x-scope = one;two , X-Empty=,,',
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'X-Scope=a%2Cb',
  })!
  assert.deepEqual(headers, { authorization: 'Basic dTpw==', 'x-scope': 'a,b', 'x-empty': '' })
})

test('headers from a file, a line or a comma each', t => {
  const file = folderOf(t)
  const path = file('headers', 'authorization=Bearer%20abc\nx-a=1,x-b=2\r\n')
  const settings = otlpSettings({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS_FILE: path })!
  assert.deepEqual(settings.headers, { authorization: 'Bearer abc', 'x-a': '1', 'x-b': '2' })
  assert.match(
    problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: 'a=secret', OTEL_EXPORTER_OTLP_HEADERS_FILE: path }).join(),
    /^OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_HEADERS_FILE are both set: set one of them\.$/,
  )
})

test('user and password of the URL become a header and are shown nowhere', () => {
  const settings = otlpSettings({ [GENERAL]: 'https://me:p%40ss@host/x?key=hidden' })!
  assert.equal(settings.headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  assert.equal(settings.url.href, 'https://host/x/v1/logs?key=hidden')
  assert.equal(settings.destination, 'https://host/x/v1/logs')
})

test('a client certificate with its key, and an own authority', t => {
  const file = folderOf(t)
  const { ca, client } = makeCertificates()
  const settings = otlpSettings({
    ...endpoint,
    OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', ca + ca),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem', client.cert),
    OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: file('client.key', client.key),
  })!
  assert.deepEqual(settings.tls, { ca: ca + ca, cert: client.cert, key: client.key })
})

const invalid: [Record<string, string>, RegExp][] = [
  [
    { [GENERAL]: 'collector:4317' },
    /^OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4317": allowed is a URL with http or https/,
  ],
  [{ [GENERAL]: 'grpc://me:hidden@host:4317?k=hidden' }, /is "grpc:\/\/\*\*\*@host:4317\?\*\*\*"/],
  [{ [GENERAL]: 'me:hidden@host' }, /is "\*\*\*@host"/],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /^OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": allowed is http\/protobuf/,
  ],
  [{ OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json' }, /^OTEL_EXPORTER_OTLP_LOGS_PROTOCOL is "http\/json"/],
  [{ OTEL_LOGS_EXPORTER: 'console' }, /^OTEL_LOGS_EXPORTER is "console": allowed are otlp and none/],
  ...['0', '-1', '10s', '1e3', '99999999999'].map((value): [Record<string, string>, RegExp] => [
    { OTEL_EXPORTER_OTLP_TIMEOUT: value },
    /^OTEL_EXPORTER_OTLP_TIMEOUT is "[^"]+": allowed is a whole number of milliseconds from 1 to 2147483647/,
  ]),
  [
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
    /^OTEL_EXPORTER_OTLP_COMPRESSION is "zstd": allowed are gzip and none/,
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: 'a=1,hidden' },
    /^OTEL_EXPORTER_OTLP_HEADERS: entry 2 of 2 is not name=value/,
  ],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'b c=hidden' }, /entry 1 of 1 is not name=value/],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=100%hidden' },
    /the value of x-key is not percent-encoded: write % as %25/,
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=hidden%0D%0Ax' },
    /the value of x-key holds a character that no header may/,
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: 'Content-Type=hidden' },
    /the header content-type is set by the program itself/,
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS_FILE: '/no/such/file' },
    /^OTEL_EXPORTER_OTLP_HEADERS_FILE is "\/no\/such\/file": cannot be read \(ENOENT\)/,
  ],
  [
    { OTEL_EXPORTER_OTLP_CERTIFICATE: '/no/such/file' },
    /^OTEL_EXPORTER_OTLP_CERTIFICATE is "\/no\/such\/file": cannot be read \(ENOENT\)/,
  ],
  [{ OTEL_EXPORTER_OTLP_CERTIFICATE: import.meta.filename }, /allowed is a file of certificates in PEM/],
  [
    { OTEL_EXPORTER_OTLP_CLIENT_KEY: import.meta.filename },
    /^OTEL_EXPORTER_OTLP_CLIENT_KEY is set without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE/,
  ],
  [
    {
      OTEL_EXPORTER_OTLP_CLIENT_KEY: import.meta.filename,
      OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: import.meta.filename,
    },
    /^OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE is .* and OTEL_EXPORTER_OTLP_CLIENT_KEY is .*: they cannot be used/,
  ],
  [{ HTTPS_PROXY: 'ftp://me:hidden@proxy' }, /^HTTPS_PROXY is not a URL that can be used/],
]
for (const [env, words] of invalid) {
  test(`${JSON.stringify(env)} is refused with words`, () => {
    const problems = problemsOf(env)
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, words)
    assert.doesNotMatch(problems[0]!, /hidden/)
  })
}

test('a certificate with the key of another is refused', t => {
  const file = folderOf(t)
  const { client, server } = makeCertificates()
  const [problem] = problemsOf({
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem', client.cert),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('server.key', server.key),
  })
  assert.match(problem ?? '', /they cannot be used/)
})

test('all that is wrong is told at once', () => {
  const env = Object.assign({}, ...invalid.slice(2, 5).map(([one]) => one), {
    OTEL_EXPORTER_OTLP_TIMEOUT: 'x',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'y',
  })
  assert.equal(problemsOf(env).length, 4)
})
