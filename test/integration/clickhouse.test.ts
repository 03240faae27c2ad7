import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runHfAudit } from '../support/child-process.ts'
import { pollOnce, simulatedHub } from '../support/main-job.ts'
import { askClickhouse } from '../support/readers/clickhouse.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { temporaryFolder } from '../support/stack/temporary-folder.ts'

/** The tables that `schema print` prints, in a real ClickHouse, with the files that `replay` writes. */

const TABLES = {
  events: 'huggingface_logs',
  ledger: 'huggingface_ledger',
  findings: 'huggingface_findings',
  'dead-letters': 'huggingface_dead_letters',
} as const
const EVENTS = 200

test('ClickHouse makes the tables, loads every stream, and has what tail prints', async t => {
  if (!(await requireStack(t, 'python'))) return
  const folder = await temporaryFolder('clickhouse')
  t.after(() => folder.remove())
  const path = (name: string) => join(folder.path, name)
  const { hub, environment } = await simulatedHub(t, { events: EVENTS, prepared: false })
  hub.appendRaw({ elements: ['"no event"'] })
  assert.equal((await pollOnce(environment)).code, 0)
  // The same id with other content: a finding.
  const event = JSON.parse(hub.element(7).toString()) as object
  hub.appendRaw({ elements: [JSON.stringify({ ...event, message: 'other words' })] })
  assert.equal((await pollOnce(environment)).code, 0)

  let tables = ''
  for (const stream of Object.keys(TABLES)) {
    const printed = await runHfAudit(['schema', 'print', '--format', 'clickhouse', '--stream', stream], {})
    assert.equal(printed.code, 0)
    tables += printed.stdout
    const file = path(`${stream}.avro`)
    const replayed = await runHfAudit(
      ['replay', '--from', '2020-01-01', '--stream', stream, '--to-avro', file],
      environment,
    )
    assert.equal(replayed.code, 0, replayed.stderr)
  }
  writeFileSync(path('tables.sql'), tables)
  const loads = Object.entries(TABLES).map(([stream, table]) => [table, path(`${stream}.avro`)] as const)
  const [counts, fifth, columns, again] = await askClickhouse({
    folder: path('clickhouse'),
    tablesFile: path('tables.sql'),
    // The events twice: a record that is loaded again is the same record.
    loads: [...loads, loads[0]!],
    queries: [
      `SELECT ${Object.entries(TABLES)
        .map(([stream, table]) => `(SELECT count() FROM ${table} FINAL) AS \`${stream}\``)
        .join(', ')}`,
      `SELECT toString(id) AS id, eventID, eventType, rawLog, data, lower(hex(chainHash)) AS chainHash, tags,
       actor, resources, toUnixTimestamp64Milli(eventTime) AS eventTimeMs FROM huggingface_logs FINAL WHERE sequence = 5`,
      "SELECT count() AS columns FROM system.columns WHERE table = 'huggingface_logs'",
      'SELECT count() AS records, uniq(sequence) AS sequences, max(sequence) AS last FROM huggingface_logs FINAL',
    ],
  })
  assert.deepEqual(counts, [{ events: EVENTS, ledger: 2, findings: 1, 'dead-letters': 1 }])
  assert.deepEqual(columns, [{ columns: 62 }])
  assert.deepEqual(again, [{ records: EVENTS, sequences: EVENTS, last: EVENTS }])

  const { stdout } = await runHfAudit(
    ['tail', '--from-beginning', '--no-follow', '--limit', '5', '--json'],
    environment,
  )
  const printed = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .find(({ sequence }) => sequence === 5)!
  const { eventTimeMs, ...row } = fifth![0]!
  for (const [column, value] of Object.entries(row)) assert.deepEqual(value, printed[column], column)
  assert.equal(Number(eventTimeMs), Date.parse(printed.eventTime as string))
})
