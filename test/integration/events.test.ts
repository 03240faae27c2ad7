import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { POISON_KINDS } from '../../src/simulator/poison.ts'
import { projectFolder, runHfAudit, startHfAudit } from '../support/child-process.ts'
import { organization, simulatedHub, until } from '../support/main-job.ts'

type Environment = Record<string, string>
interface HubEvent {
  readonly _id: string
  readonly createdAt: string
  readonly type: string
  readonly author: { readonly user: string }
}

const events = (environment: Environment, ...parameters: string[]) =>
  runHfAudit(['events', ...parameters], environment)

async function jsonEvents(environment: Environment, ...parameters: string[]) {
  const { code, stdout, stderr } = await events(environment, '--json', ...parameters)
  const lines = stdout.split('\n').slice(0, -1)
  return { code, lines, stderr, events: lines.map(line => JSON.parse(line) as HubEvent) }
}

/** Every element of the export by a plain download, newest first, as text. */
async function exported(environment: Environment): Promise<HubEvent[]> {
  const response = await fetch(
    `${environment.HF_ENDPOINT}/api/organizations/${organization}/audit-log/export`,
    { headers: { authorization: 'Bearer hf_simulated' } },
  )
  const all = (await response.json()) as HubEvent[]
  return all.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a._id < b._id ? 1 : -1))
}

/** A server on loopback that answers as it is told. */
async function served(t: TestContext, listener: RequestListener): Promise<Environment> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    HF_ENDPOINT: `http://127.0.0.1:${port}`,
    HF_TOKEN: 'hf_simulated',
    HF_AUDIT_ORGANIZATIONS: organization,
  }
}

test('the same answers as a plain filter over the whole export, in any order of the export', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 3_000, order: 'shuffled', prepared: false })
  const all = await exported(environment)
  const ids = (some: readonly HubEvent[]) => some.map(({ _id }) => _id)

  const plain = await jsonEvents(environment)
  assert.equal(plain.code, 0, plain.stderr)
  assert.deepEqual(ids(plain.events), ids(all.slice(0, 100)))
  assert.match(plain.stderr, /Shown: 100 of 3,000 events that match/)
  // The bytes that came, not what JSON.parse makes of them.
  const exact = new Set(Array.from({ length: 3_000 }, (_, n) => hub.element(n + 1).toString()))
  assert.deepEqual(
    plain.lines.filter(line => !exact.has(line)),
    [],
  )

  const { user } = all[0]!.author
  const byUser = await jsonEvents(environment, '--user', user, '--limit', '5', '--offset', '3')
  assert.deepEqual(ids(byUser.events), ids(all.filter(event => event.author.user === user).slice(3, 8)))

  const start = all[2_000]!.createdAt
  const end = all[1_000]!.createdAt
  const between = await jsonEvents(environment, '--start', start, '--end', end, '--limit', 'all')
  assert.deepEqual(
    ids(between.events),
    ids(
      all.filter(({ createdAt }) => {
        const ms = Date.parse(createdAt)
        return ms >= Date.parse(start) && ms < Date.parse(end)
      }),
    ),
  )

  const spaces = await jsonEvents(environment, '--resource-type', 'space', '--action', 'spaces.*,repo.*')
  assert.ok(spaces.events.length > 0)
  assert.ok(spaces.events.some(({ type }) => type.startsWith('repo.')))
  assert.ok(
    spaces.events.every(
      event => event.type.startsWith('spaces.') || /"(type|repoType)":"space"/.test(JSON.stringify(event)),
    ),
  )

  const counted = await events(environment, '--count-by', 'user', '--json')
  const sum = counted.stdout
    .split('\n')
    .reduce((all, line) => all + (line === '' ? 0 : JSON.parse(line).count), 0)
  assert.equal(sum, 3_000)

  const asked = hub.state().requests.latest.map(({ path }) => decodeURIComponent(path.split('?')[1] ?? ''))
  assert.deepEqual(
    asked.filter(search => search !== ''),
    [`q=author:${user}`],
  )
})

test('an alias is understood and said, what is no event is said, a misspelt one is guessed', async t => {
  const { environment } = await simulatedHub(t, { events: 1_000, prepared: false })
  const removed = await jsonEvents(environment, '--action', 'member.remove')
  assert.ok(removed.events.length > 0)
  assert.ok(removed.events.every(({ type }) => type === 'org.remove_user'))
  assert.match(removed.stderr, /hf-audit: member\.remove is told by the Hub as org\.remove_user\./)
  const { code, stdout, stderr } = await events(
    environment,
    '--action',
    'access_request.accept,repo.creat',
    '--csv',
  )
  assert.deepEqual([code, stdout], [0, 'user,action,timestamp,resource\r\n'])
  assert.match(stderr, /access_request\.accept is no event of the Hub/)
  assert.match(stderr, /repo\.creat is no event type .* did you mean "repo\.create"\?/)
  assert.match(stderr, /No event matches\./)
  const counted = await events(environment, '--user', 'nobody', '--count-by', 'action')
  assert.match(counted.stderr, /No event matches\./)
})

test('poison and repetitions are left out and counted; the rest is answered', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 200, prepared: false })
  hub.fault({ kind: 'poison' })
  hub.fault({ kind: 'duplicate', events: 7 })
  const { code, events: found, stderr } = await jsonEvents(environment, '--limit', 'all')
  assert.equal(code, 0, stderr)
  assert.equal(new Set(found.map(({ _id }) => _id)).size, 200)
  assert.equal(found.length, 200)
  assert.match(stderr, new RegExp(`${POISON_KINDS.length} elements of the export that are no audit events`))
  assert.match(stderr, /7 elements of the export that repeat another one's id/)
})

test('an export at its cap that does not reach back to the start is said', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 300, cap: 100, prepared: false })
  const capped = { ...environment, HF_AUDIT_EXPORT_CAP: '100' }
  const oldest = new Date((await exported(environment)).at(-1)!.createdAt).toISOString()
  const early = await events(capped, '--start', '2020-01-01')
  assert.match(early.stderr, new RegExp(`cut at 100 events and begins at ${oldest}`))
  const late = await events(capped, '--start', oldest)
  assert.doesNotMatch(late.stderr, /cut at/)
  hub.setCap(1_000)
  assert.doesNotMatch((await events(environment, '--start', '2020-01-01')).stderr, /cut at/)
})

test('a condition that the Hub refuses is left away; a failure is tried again; a refusal is explained', async t => {
  const body = JSON.stringify([
    { _id: 'a', createdAt: '2026-08-17T00:00:00Z', type: 'repo.create', author: { user: 'alice' } },
    { _id: 'b', createdAt: '2026-08-17T00:00:00Z', type: 'repo.create', author: { user: 'bob' } },
  ])
  const asked: string[] = []
  let failures = 1
  const environment = await served(t, (request, response) => {
    asked.push(request.url!)
    if (request.url!.includes('?')) {
      response.writeHead(400).end('{"error":"no such query"}')
    } else if (failures > 0) {
      failures -= 1
      response.writeHead(503, { 'retry-after': '0' }).end()
    } else {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    }
  })
  const { code, lines, stderr } = await jsonEvents(environment, '--user', 'alice')
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    lines.map(line => JSON.parse(line)._id),
    ['a'],
  )
  const path = `/api/organizations/${organization}/audit-log/export`
  const search = '?q=author%3Aalice'
  assert.deepEqual(asked, [path + search, path, path + search, path])

  const refusing = await served(t, (_, response) => response.writeHead(403).end('{"error":"no"}'))
  const refused = await events(refusing)
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /org\.auditLog\.write/)
})

test('a body that breaks off prints nothing', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 500, prepared: false })
  hub.fault({ kind: 'truncate', afterBytes: 100_000, times: 1 })
  const { code, lines, stderr } = await jsonEvents(environment, '--limit', 'all')
  assert.equal(code, 0, stderr)
  assert.equal(lines.length, 500)
  assert.match(stderr, /HUB_BODY_BROKEN/)
})

test('Ctrl-C closes the connection at once, prints nothing, and ends with 1', async t => {
  let closed = false
  let answering = false
  const environment = await served(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('[{"_id":"a","createdAt":"2026-08-17T00:00:00Z","type":"x"},')
    answering = true
    request.socket.on('close', () => {
      closed = true
    })
  })
  const running = startHfAudit(['events'], environment)
  t.after(() => running.kill('SIGKILL'))
  await until('the download', () => answering)
  running.kill('SIGINT')
  assert.equal(await running.ended, 1)
  assert.equal(running.stdout(), '')
  await until('the end of the connection', () => closed)
})

test('usage: what is missing or wrong ends with 2 and says how to mend it', async t => {
  const { environment } = await simulatedHub(t, { events: 1, prepared: false })
  const { HF_TOKEN: _, ...withoutToken } = environment
  const { HF_AUDIT_ORGANIZATIONS: __, ...withoutOrganization } = environment
  for (const [variables, parameters, message] of [
    [withoutToken, [], /No Hub token was found/],
    [withoutOrganization, [], /name one with --organization/],
    [{ ...environment, HF_AUDIT_ORGANIZATIONS: 'one,two' }, [], /several .* \(one, two\)/],
    [environment, ['--start', 'soon'], /--start is "soon"; allowed are a date/],
    [environment, ['--limit', '-1'], /--limit.*allowed are a whole number/],
    [environment, ['--resource-type', 'kernel'], /model, dataset, space, bucket/],
    [environment, ['--csv', '--json'], /cannot be used with/],
    [environment, ['--organization', 'example-orgs'], /did you mean "example-org"/],
  ] as const) {
    const { code, stdout, stderr } = await events(variables as Environment, ...parameters)
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, message)
  }
  const other = await events(withoutOrganization, '--organization', organization)
  assert.equal(other.code, 0, other.stderr)
})

test('on a terminal lines are cut at its width and nothing steers it', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 0, prepared: false })
  const long = `acme/${'x'.repeat(300)}`
  hub.appendRaw({
    elements: [
      JSON.stringify({
        _id: 'c1',
        createdAt: '2026-08-17T00:00:00Z',
        type: 'repo.create',
        author: { user: 'mallory\u001b]0;owned\u0007\u009b31m' },
        data: { repo: long },
      }),
    ],
  })
  const { stdout: shown } = await promisify(execFile)(
    'python3',
    ['test/support/terminal.py', '[]', process.execPath, 'src/cli.ts', 'events'],
    { cwd: projectFolder, env: { ...environment, PATH: process.env.PATH ?? '' }, encoding: 'utf8' },
  )
  const lines = shown.split('\r\n')
  const row = lines.find(line => line.startsWith('mallory'))!
  assert.equal(row.length, 120)
  assert.ok(row.endsWith('…'))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.doesNotMatch(row, /[\u0000-\u001f\u007f-\u009f]/)
  const piped = await events(environment)
  assert.ok(piped.stdout.includes(long))
})

test('whoever read stderr is gone: the answer is whole all the same', async t => {
  const { environment } = await simulatedHub(t, { events: 50, prepared: false })
  const running = startHfAudit(['events', '--limit', '3', '--csv', '--action', 'repo.*,no.such'], environment)
  running.child.stderr!.destroy()
  assert.equal(await running.ended, 0)
  assert.equal(running.stdout().split('\r\n').length, 5, running.stdout())
})
