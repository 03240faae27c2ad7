import assert from 'node:assert/strict'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { healthzRoute, readyzRoute } from '../../src/admin/health-routes.ts'
import type { Route } from '../../src/admin/route.ts'
import { type AdminServerSettings, startAdminServer } from '../../src/admin/server.ts'
import { pageRoute, statusJsonRoute } from '../../src/admin/status-routes.ts'
import { silentLogger } from '../../src/log.ts'
import { STATES } from '../support/statuses.ts'

const status = STATES.blocked!
const broken: Route = {
  path: '/broken',
  access: 'anyone',
  answer: () => Promise.reject(new Error('no: hf_secret')),
}

async function served(t: TestContext, settings: Partial<AdminServerSettings> = {}) {
  const routes = [
    pageRoute(async () => status),
    statusJsonRoute(async () => status),
    healthzRoute,
    readyzRoute(() => status),
    broken,
  ]
  const server = await startAdminServer(
    { host: '127.0.0.1', port: 0, statusPassword: undefined, ...settings },
    routes,
    silentLogger,
  )
  t.after(() => server.close())
  return server.url
}

function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      request(url, options, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

test('each path answers what it should, with headers that keep it from being framed, sniffed or cached', async t => {
  const url = await served(t)
  const page = await ask(url)
  assert.equal(page.status, 200)
  assert.match(page.body, /example-labs is blocked/)
  assert.match(
    String(page.headers['content-security-policy']),
    /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-/,
  )
  const json = JSON.parse((await ask(`${url}status.json`)).body) as {
    organizations: { lastPoll: object }[]
    takenAt: string
  }
  assert.equal(json.takenAt, '2026-03-10T14:25:00.000Z')
  assert.deepEqual(Object.keys(json.organizations[0]!.lastPoll), [
    'receivedAt',
    'durationMs',
    'published',
    'wireBytes',
  ])
  assert.deepEqual(await ask(`${url}healthz`).then(({ status, body }) => [status, body]), [200, 'ok\n'])
  assert.deepEqual(await ask(`${url}readyz?verbose`).then(({ status }) => status), 200)
  for (const path of ['', 'status.json', 'healthz', 'nowhere', 'broken']) {
    const { headers } = await ask(url + path)
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})

test('only GET and HEAD, only known paths, and a fault tells nobody its words', async t => {
  const url = await served(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
    assert.equal((await ask(url, { method })).status, 405, method)
  const head = await ask(url, { method: 'HEAD' })
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.ok(Number(head.headers['content-length']) > 1_000)
  for (const path of ['admin', '%2e%2e/etc/passwd', 'status.json/', '/healthz'])
    assert.equal((await ask(url + path)).status, 404)
  const fault = await ask(`${url}broken`)
  assert.equal(fault.status, 500)
  assert.doesNotMatch(fault.body, /hf_secret/)
})

test('a name that somebody pointed at this machine sees no status', async t => {
  const url = await served(t)
  const headers = { host: 'rebound.example' }
  for (const path of ['', 'status.json']) assert.equal((await ask(url + path, { headers })).status, 403)
  assert.equal((await ask(`${url}healthz`, { headers })).status, 200)
})

test('a password is asked for, and never shown', async t => {
  const url = await served(t, { statusPassword: 'open sesame' })
  const refused = await ask(url)
  assert.equal(refused.status, 401)
  assert.match(String(refused.headers['www-authenticate']), /^Basic /)
  const authorization = `Basic ${Buffer.from('me:open sesame').toString('base64')}`
  const page = await ask(url, { headers: { authorization } })
  assert.equal(page.status, 200)
  assert.doesNotMatch(page.body, /sesame/)
  assert.equal((await ask(`${url}readyz`)).status, 200)
})

test('a port in use, and an address that is none, are told in words', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  await assert.rejects(served(t, { port }), {
    code: 'CONFIG_INVALID',
    message: /HF_AUDIT_ADMIN_ADDRESS.*in use/,
  })
  await assert.rejects(served(t, { host: '192.0.2.1' }), {
    code: 'CONFIG_INVALID',
    message: /no address of this machine/,
  })
})
