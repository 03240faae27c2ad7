import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { proxyFromEnv } from '../../src/hub/http.ts'
import { answer, listen, NEVER, readAll, startClient, startServer, TOKEN } from './hub-server.ts'

const run = promisify(execFile)

/** A certificate that signed itself, made by openssl. */
async function selfSigned(t: TestContext): Promise<{ key: Buffer; cert: Buffer; certPath: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'tls-test-'))
  t.after(() => rm(directory, { recursive: true }))
  const keyPath = join(directory, 'key.pem')
  const certPath = join(directory, 'cert.pem')
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    keyPath,
    '-out',
    certPath,
    ...subject,
  ])
  return { key: await readFile(keyPath), cert: await readFile(certPath), certPath }
}

async function startHttpsHub(t: TestContext) {
  const { key, cert, certPath } = await selfSigned(t)
  const server = createHttpsServer({ key, cert }, (_, response) => answer(response, 200, '[1]'))
  const endpoint = `https://127.0.0.1:${await listen(t, server)}`
  return { organization: { name: 'acme', identity: 'acme', endpoint }, endpoint, certPath }
}

/** A proxy for CONNECT and for absolute URLs. */
async function startProxy(t: TestContext, refuse?: number) {
  const seen: string[] = []
  const authorizations: (string | undefined)[] = []
  const proxy = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    answer(response, 200, '["through the proxy"]')
  })
  proxy.on('connect', (request, client) => {
    seen.push(`CONNECT ${request.url}`)
    authorizations.push(request.headers['proxy-authorization'])
    assert.equal(request.headers.authorization, undefined, 'the token is for the Hub alone')
    client.on('error', () => {})
    if (refuse !== undefined) return client.end(`HTTP/1.1 ${refuse} No\r\n\r\n`)
    const [host, port] = request.url!.split(':')
    const hub = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      hub.pipe(client).pipe(hub)
    })
    t.after(() => hub.destroy())
    return hub.on('error', () => client.destroy())
  })
  return { port: await listen(t, proxy), seen, authorizations }
}

/** In a process of its own: Node reads NODE_EXTRA_CA_CERTS at its start. */
async function exportInProcess(
  endpoint: string,
  env: Record<string, string>,
): Promise<{ stdout: string; stderr: string }> {
  const script = `
    import { createPollingHub, DEFAULT_TIMEOUTS } from ${JSON.stringify(new URL('../../src/hub/client.ts', import.meta.url))}
    import { proxyFromEnv } from ${JSON.stringify(new URL('../../src/hub/http.ts', import.meta.url))}
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const client = createPollingHub({ ...DEFAULT_TIMEOUTS, userAgent: 'test', proxy: proxyFromEnv(process.env) },
      { tokenOf: async () => ({ value: ${JSON.stringify(TOKEN)}, source: 'HF_TOKEN' }), now: Date.now, log })
    try {
      const organization = { name: 'acme', identity: 'acme', endpoint: ${JSON.stringify(endpoint)} }
      const download = await client.exportAuditLog(organization, new AbortController().signal)
      for await (const elements of download.elements) for (const { bytes } of elements) console.log(bytes.toString())
    } catch (error) {
      console.log(error.code, error.message)
    }
    await client.close()`
  const child = { PATH: process.env.PATH, ...env }
  return run(process.execPath, ['--input-type=module', '--eval', script], { env: child, timeout: 20_000 })
}

test('an own certificate authority by NODE_EXTRA_CA_CERTS, directly and through a proxy, without a warning', async t => {
  const { endpoint, certPath } = await startHttpsHub(t)
  const trusting = { NODE_EXTRA_CA_CERTS: certPath }
  assert.deepEqual(await exportInProcess(endpoint, trusting), { stdout: '1\n', stderr: '' })
  const proxy = await startProxy(t)
  const proxied = { ...trusting, https_proxy: `http://user:p%40ss@127.0.0.1:${proxy.port}` }
  assert.deepEqual(await exportInProcess(endpoint, proxied), { stdout: '1\n', stderr: '' })
  assert.deepEqual(proxy.seen, [`CONNECT ${new URL(endpoint).host}`])
  assert.deepEqual(proxy.authorizations, [`Basic ${Buffer.from('user:p@ss').toString('base64')}`])
  const excepted = { ...proxied, NO_PROXY: 'example.com,127.0.0.1' }
  assert.equal((await exportInProcess(endpoint, excepted)).stdout, '1\n')
  assert.equal(proxy.seen.length, 1, 'not through the proxy')
})

test('a certificate that nobody vouches for', async t => {
  const { organization } = await startHttpsHub(t)
  await assert.rejects(startClient(t).exportAuditLog(organization, NEVER), {
    code: 'HUB_UNAVAILABLE',
    message: /SELF_SIGNED.*NODE_EXTRA_CA_CERTS/,
  })
})

test('a proxy for http, one without a scheme, one that refuses, one that is not there, one that is nonsense', async t => {
  const hub = await startServer(t, (_, response) => answer(response, 200, '["direct"]'))
  const proxy = await startProxy(t)
  const through = startClient(t, { proxy: { http: `127.0.0.1:${proxy.port}`, https: '', none: '' } })
  assert.deepEqual(await readAll(await through.exportAuditLog(hub.organization, NEVER)), [
    '"through the proxy"',
  ])
  assert.deepEqual(proxy.seen, [`GET ${hub.origin}/api/organizations/acme/audit-log/export`])
  assert.equal(hub.requests.length, 0)

  const tls = await startHttpsHub(t)
  const refusing = await startProxy(t, 403)
  const refused = startClient(t, {
    proxy: { http: '', https: `http://user:secret@127.0.0.1:${refusing.port}`, none: '' },
  })
  await assert.rejects(refused.exportAuditLog(tls.organization, NEVER), (error: Error & { code: string }) => {
    assert.equal(error.code, 'HUB_UNAVAILABLE')
    assert.match(error.message, /403.*Check HTTPS_PROXY/)
    assert.ok(!error.message.includes('secret'))
    return true
  })
  const gone = startClient(t, { proxy: { http: '', https: 'http://127.0.0.1:1', none: '' } })
  await assert.rejects(gone.exportAuditLog(tls.organization, NEVER), {
    code: 'HUB_UNAVAILABLE',
    message: /refused/,
  })
  assert.throws(
    () => startClient(t, { proxy: { http: 'http://user:secret@[nonsense', https: '', none: '' } }),
    (error: Error & { code: string }) =>
      error.code === 'CONFIG_INVALID' && !error.message.includes('secret') && error.cause === undefined,
  )
})

test('proxies come from the environment in both cases', () => {
  assert.deepEqual(
    proxyFromEnv({ HTTPS_PROXY: 'a', http_proxy: 'b', HTTP_PROXY: 'c', no_proxy: '', NO_PROXY: 'd' }),
    { https: 'a', http: 'b', none: 'd' },
  )
  assert.deepEqual(proxyFromEnv({}), { https: '', http: '', none: '' })
})
