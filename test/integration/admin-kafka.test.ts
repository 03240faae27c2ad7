import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { organization, simulatedHub, until } from '../support/main-job.ts'
import { startServing, statusAt } from '../support/running-admin.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { requireStack } from '../support/stack/requirements.ts'

test('Kafka that is away shows at the start and while it runs, and passes', async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const kafka = await startKafka()
  t.after(() => kafka.stop())
  const { environment } = await simulatedHub(t, { events: 100 })
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-admin-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const absent = { ...environment, KAFKA_BROKERS: `127.0.0.1:${await freePort()}` }
  const waiting = await startServing(t, absent)
  await until(
    'the word of it',
    async () => (await statusAt(waiting.url)).headline === 'Kafka cannot be reached',
  )
  assert.equal((await fetch(`${waiting.url}readyz`)).status, 503)
  assert.equal((await fetch(`${waiting.url}healthz`)).status, 200)

  const settings = {
    ...environment,
    HF_AUDIT_DATA_DIR: directory,
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_SESSION_TIMEOUT: '6s',
  }
  const { url } = await startServing(t, settings)
  await until('the first poll', async () => ((await statusAt(url)).organizations[0]?.sequence ?? 0) >= 100)
  assert.equal((await fetch(`${url}readyz`)).status, 200)
  await kafka.kill()
  await until('the outage', async () => (await statusAt(url)).journal.state === 'unreachable')
  assert.equal((await fetch(`${url}readyz`)).status, 503)
  assert.match(await (await fetch(`${url}metrics`)).text(), /^hf_audit_journal_reachable 0$/m)
  await kafka.restart()
  await until('its end', async () => (await fetch(`${url}readyz`)).status === 200)
  assert.equal(organization, (await statusAt(url)).organizations[0]?.organization)
})
