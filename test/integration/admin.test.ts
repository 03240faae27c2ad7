import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { runHfAudit } from '../support/child-process.ts'
import { simulatedHub, until } from '../support/main-job.ts'
import { startServing, statusAt } from '../support/running-admin.ts'
import { freePort } from '../support/stack/ports.ts'

/** `hf-audit run` as an operator sees it: page, JSON, health, metrics and the command beside it. */

const TOKEN = 'hf_invented0123456789secret'
const PASSWORD = 'invented-status-password'

const addressOf = (url: string): string => new URL(url).host

test('a run tells how it is, and after a restart the page knows what was', async t => {
  const { environment } = await simulatedHub(t, { events: 300, rate: 0 })
  const settings = { ...environment, HF_TOKEN: TOKEN }
  const first = await startServing(t, settings)
  await until('the first poll', async () => (await statusAt(first.url)).organizations[0]?.phase === 'quiet')
  const [one] = (await statusAt(first.url)).organizations
  assert.equal(one?.sequence, 300)
  assert.equal((await fetch(`${first.url}readyz`)).status, 200)
  assert.equal((await fetch(`${first.url}healthz`)).status, 200)
  const page = await (await fetch(first.url)).text()
  assert.match(page, /All is well/)
  const metrics = await (await fetch(`${first.url}metrics`)).text()
  assert.match(metrics, /^hf_audit_poll_events_total\{organization="example-org",outcome="published"\} 300$/m)
  assert.match(metrics, /^hf_audit_journal_reachable 1$/m)

  const told = await runHfAudit(['status', '--address', addressOf(first.url)], settings)
  assert.equal(told.code, 0)
  assert.match(told.stdout, /All is well[\s\S]*example-org +(quiet|polling) [\s\S]*300 events/)
  const json = await runHfAudit(['status', '--json', '--address', addressOf(first.url)], settings)
  assert.equal((JSON.parse(json.stdout) as { running: boolean }).running, true)

  first.worker.kill('SIGTERM')
  assert.equal(await first.worker.ended, 0)
  const stored = await runHfAudit(['status', '--address', addressOf(first.url)], settings)
  assert.equal(stored.code, 0)
  assert.match(stored.stderr, /No connector runs at/)
  assert.match(stored.stdout, /example-org +300 events, last poll .* ago/)

  const second = await startServing(t, settings)
  await until('the checkpoint', async () => (await statusAt(second.url)).organizations[0]?.sequence === 300)
  const [after] = (await statusAt(second.url)).organizations
  assert.ok(after?.lastPoll && after.newestEventAt)
  for (const text of [page, metrics, told.stdout, json.stdout, first.worker.stderr()])
    assert.doesNotMatch(text, /secret/)
})

test('events of a type that no version knows yet are published, counted by name, and shown in every place', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 20, prepared: false })
  const { url } = await startServing(t, environment)
  await until('the first poll', async () => (await statusAt(url)).organizations[0]?.phase === 'quiet')
  const known = JSON.parse(hub.element(3).toString()) as object
  const elements = ['a', 'b', 'c'].map(digit =>
    JSON.stringify({ ...known, _id: digit.repeat(24), type: digit === 'c' ? 'org.dream' : 'repo.teleport' }),
  )
  hub.appendRaw({ elements })
  await until('the events', async () => (await statusAt(url)).organizations[0]?.sequence === 23)
  assert.deepEqual((await statusAt(url)).organizations[0]?.unknownTypes, [
    { type: 'repo.teleport', events: 2 },
    { type: 'org.dream', events: 1 },
  ])
  const metrics = await (await fetch(`${url}metrics`)).text()
  assert.match(
    metrics,
    /^hf_audit_unknown_type_events_total\{organization="example-org",type="repo\.teleport"\} 2$/m,
  )
  assert.match(await (await fetch(url)).text(), /Unknown types: 3 events of 2 types/)
  const told = await runHfAudit(['status', '--address', addressOf(url)], environment)
  assert.match(
    told.stdout,
    /types that this version does not know, since its start: repo\.teleport 2, org\.dream 1/,
  )
})

test('when the Hub refuses every organization it is blocked, not ready, and says how to mend it', async t => {
  const { environment } = await simulatedHub(t, { events: 10 })
  const { url } = await startServing(t, { ...environment, HF_AUDIT_ORGANIZATIONS: 'nobody-here' })
  await until('the refusal', async () => (await statusAt(url)).organizations[0]?.phase === 'blocked')
  const { headline, organizations } = await statusAt(url)
  assert.equal(headline, 'nobody-here is blocked')
  assert.match(organizations[0]!.problem!.message, /check HF_AUDIT_ORGANIZATIONS/)
  const ready = await fetch(`${url}readyz`)
  assert.deepEqual([ready.status, await ready.text()], [503, 'not ready: all 1 organizations are blocked\n'])
  assert.equal((await fetch(`${url}healthz`)).status, 200)
  const told = await runHfAudit(['status', '--address', addressOf(url)], environment)
  assert.equal(told.code, 3)
  assert.match(
    await (await fetch(`${url}metrics`)).text(),
    /^hf_audit_blocked\{organization="nobody-here"\} 1$/m,
  )
})

test('a collector that is away shows with its backlog, and costs nothing else', async t => {
  const { environment } = await simulatedHub(t, { events: 50 })
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const { url } = await startServing(t, { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  await until('the outage', async () => {
    const { forwarder } = await statusAt(url)
    return forwarder?.state === 'unavailable' && (forwarder.backlog ?? 0) > 50
  })
  const { level, headline } = await statusAt(url)
  assert.deepEqual([level, headline], ['attention', 'The collector cannot be reached'])
  assert.equal((await fetch(`${url}readyz`)).status, 200)
})

test('a password holds for the page and the command, and is shown nowhere', async t => {
  const { environment } = await simulatedHub(t, { events: 10 })
  const protection = { HF_AUDIT_STATUS_PASSWORD: PASSWORD }
  const { url, worker } = await startServing(t, { ...environment, ...protection })
  assert.equal((await fetch(url)).status, 401)
  assert.equal((await fetch(`${url}metrics`)).status, 200)
  const refused = await runHfAudit(['status', '--address', addressOf(url)], environment)
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /HF_AUDIT_STATUS_PASSWORD/)
  const told = await runHfAudit(['status', '--address', addressOf(url)], { ...environment, ...protection })
  assert.equal(told.code, 0, told.stderr)
  for (const text of [worker.stderr(), told.stdout, refused.stderr]) assert.ok(!text.includes(PASSWORD))
})

test('a port in use is a mistake of the configuration, told before anything is connected', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  t.after(() => other.close())
  const { environment } = await simulatedHub(t, { events: 1 })
  const address = `127.0.0.1:${(other.address() as { port: number }).port}`
  const { code, stderr } = await runHfAudit(['run'], { ...environment, HF_AUDIT_ADMIN_ADDRESS: address })
  assert.equal(code, 2)
  assert.match(stderr, /HF_AUDIT_ADMIN_ADDRESS.*is in use by another program/)
  assert.doesNotMatch(stderr, /"starting"/)
  // A single run serves nothing and needs no port.
  const once = await runHfAudit(['run', '--once'], { ...environment, HF_AUDIT_ADMIN_ADDRESS: address })
  assert.equal(once.code, 0, once.stderr)
})
