import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { mmdbDirectory, mmdbFile } from '../support/mmdb/files.ts'
import { INVENTED } from '../support/mmdb/invented.ts'
import { readTrail } from '../support/trail.ts'

/** Enrichment in the whole program: simulated Hub → hf-audit with databases → embedded journal. */

type Tailed = Readonly<Record<string, unknown>> & { readonly srcIP: string | null }

async function tailed(environment: Record<string, string>): Promise<Tailed[]> {
  const { code, stdout } = await runHfAudit(
    ['tail', '--from-beginning', '--no-follow', '--json', '--stream', 'events'],
    environment,
  )
  assert.equal(code, 0)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Tailed)
}

const GEO_COLUMNS = ['ASCountryCode', 'ASNumber', 'ASOrganization', 'City', 'ConnectionType', 'ISP']
  .concat(['Latitude', 'Longitude', 'UserType'])
  .map(name => `src${name}`)

/** Whatever enrichment must not touch. */
function untouched(record: Tailed): Record<string, unknown> {
  const { receivedAt: _, enrichments: __, ...rest } = record
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !GEO_COLUMNS.includes(name)))
}

test('databases change their own columns and nothing else: ids, raw text, chain and findings are as without', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 400, prepared: false })
  const directory = mmdbDirectory(t)
  const path = mmdbFile(directory, 'enterprise', INVENTED.enterprise)
  const plain = { ...environment, HF_AUDIT_DATA_DIR: join(directory, 'plain') }
  const enriched = { ...environment, HF_AUDIT_DATA_DIR: join(directory, 'enriched'), HF_AUDIT_GEO_DBS: path }
  const [without, withGeo] = [await pollOnce(plain), await pollOnce(enriched)]
  assert.deepEqual([without.code, withGeo.code], [0, 0], withGeo.stderr)
  assert.equal(withGeo.ledger?.anchor, without.ledger?.anchor)

  const [before, after] = [await tailed(plain), await tailed(enriched)]
  assert.deepEqual(after.map(untouched), before.map(untouched))
  let found = 0
  for (const [index, record] of after.entries()) {
    if (record.srcIP?.startsWith('203.0.113.') !== true) {
      for (const column of GEO_COLUMNS) assert.deepEqual(record[column], before[index]![column])
      assert.deepEqual(record.enrichments, [])
      continue
    }
    found += 1
    for (const column of GEO_COLUMNS) assert.notEqual(record[column], null, column)
    assert.equal(record.srcCity, 'Exampleton')
    const [enrichment] = record.enrichments as { value: string; data: Record<string, string> }[]
    const isNetwork = record.srcIP.endsWith('.0')
    assert.equal(enrichment!.value, isNetwork ? '203.0.113.0/24' : record.srcIP)
    assert.equal(enrichment!.data.precision, isNetwork ? 'network' : 'host')
  }
  assert.ok(found > 50, `${found} of 400`)

  // The same events again, now with the databases: nothing has changed for them.
  hub.append({ events: 5 })
  const later = await pollOnce({ ...plain, HF_AUDIT_GEO_DBS: path })
  assert.deepEqual([later.ledger?.published, later.ledger?.findings], [5, 0])
  const trail = await readTrail(plain, organization)
  assert.deepEqual([trail.problem, trail.records], [undefined, 405])
  const verified = await runHfAudit(['verify'], enriched)
  assert.equal(verified.code, 0, verified.stderr)
})

test('databases that cannot be used: exit 2 before any connection, each named, with the other mistakes', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 5 })
  const directory = mmdbDirectory(t)
  const page = join(directory, 'page.mmdb')
  writeFileSync(page, '<html>Sign in</html>')
  const missing = join(directory, 'missing.mmdb')
  const first = await pollOnce({
    ...environment,
    HF_AUDIT_GEO_DBS: `${page},${missing},${directory}`,
    HF_AUDIT_POLL_INTERVAL: 'soon',
  })
  assert.equal(first.code, 2)
  for (const words of [
    `${missing}", which cannot be read (ENOENT)`,
    `${directory}", which is no file`,
    'soon',
  ]) {
    assert.ok(first.stderr.includes(words), first.stderr)
  }
  const second = await pollOnce({ ...environment, HF_TOKEN: '', HF_AUDIT_GEO_DBS: page })
  assert.equal(second.code, 2)
  assert.match(second.stderr, /page\.mmdb", which is not a complete database/)
  assert.match(second.stderr, /token/i)
  assert.equal(hub.state().requests.total, 0)
})

test('while it runs: a replaced database counts from the next poll on, an unknown type is warned of once', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 1, prepared: false })
  const directory = mmdbDirectory(t)
  const city = (name: string) => ({
    type: 'GeoLite2-City',
    networks: { '203.0.113.0/24': { city: { names: { en: name } } } },
  })
  const path = mmdbFile(directory, 'city', city('Before'))
  const running = startHfAudit(['run'], {
    ...environment,
    HF_AUDIT_GEO_DBS: path,
    HF_AUDIT_POLL_INTERVAL: '1s',
  })
  t.after(() => running.kill('SIGKILL'))
  const publish = async (n: number): Promise<void> => {
    const event = {
      _id: `unknown-${n}`,
      createdAt: '2026-09-01T00:00:00Z',
      type: 'repo.teleport',
      message: '',
      author: { _id: 'a', user: 'someone', avatarUrl: '/a', type: 'user' },
      ip: '203.0.113.0',
    }
    const published = () => running.logLines().reduce((sum, line) => sum + Number(line.published ?? 0), 0)
    const before = published()
    hub.appendRaw({ elements: [JSON.stringify(event)] })
    await until(`event ${n}`, () => published() > before)
  }
  await running.logLine(line => line.msg === 'polled')
  await publish(1)
  renameSync(mmdbFile(directory, 'next', city('After')), path)
  await publish(2)
  running.kill('SIGTERM')
  assert.equal(await running.ended, 0)

  const records = (await tailed(environment)).filter(record => record.eventType === 'repo.teleport')
  assert.deepEqual(
    records.map(record => [record.srcCity, record.severity, record.ocsfClassUID, record.ocsfActivityID]),
    [
      ['Before', 'INFO', 6003, 99],
      ['After', 'INFO', 6003, 99],
    ],
  )
  for (const { tags } of records) assert.equal((tags as Record<string, string>).unknownType, 'true')
  const warnings = running.logLines().filter(line => line.eventType === 'repo.teleport')
  assert.equal(warnings.length, 1)
  assert.equal(warnings[0]!.level, 'warn')
})
