import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLine } from '../../src/commands/entry-lines.ts'
import { anchorOf, sha256 } from '../../src/event/chain.ts'
import type { LedgerEntry } from '../../src/event/records.ts'
import { ledgerLogRecord } from '../../src/otlp/trail-log-records.ts'
import { ledgerFields } from '../../src/report.ts'
import { readAnchors } from '../../src/verify/anchors-file.ts'

const chainHash = sha256(Buffer.from('some record'))
const anchor = anchorOf(12, chainHash)

async function read(...lines: string[]) {
  const found = []
  for await (const { organization, sequence, chainHash, origin } of readAnchors(lines, 'kept.txt')) {
    assert.equal(origin.kind, 'file')
    const line = origin.kind === 'file' ? origin.line : 0
    found.push([organization, anchorOf(sequence, chainHash), line])
  }
  return found
}

const entry: LedgerEntry = {
  organization: 'acme',
  endpoint: 'https://hub.example',
  kind: 'POLL',
  startedAt: 1,
  receivedAt: 2,
  finishedAt: 3,
  complete: true,
  fetched: 0,
  published: 0,
  alreadySeen: 0,
  filtered: 0,
  deadLettered: 0,
  repeated: 0,
  transactions: 1,
  wireBytes: 2,
  bodyBytes: 2,
  oldestCreatedAt: null,
  newestCreatedAt: null,
  olderHistoryOutOfReach: false,
  findings: 0,
  sequence: 12,
  chainHash,
  anchor,
}

test('plain lines, with white space, commas, comments, a byte order mark and capital letters', async () => {
  const found = await read(
    `\ufeffacme ${anchor}`,
    '',
    '# kept by the SIEM',
    `  acme\t${anchor.toUpperCase()}  `,
    `acme,${anchor}`,
    anchor,
  )
  assert.deepEqual(found, [
    ['acme', anchor, 1],
    ['acme', anchor, 4],
    ['acme', anchor, 5],
    [undefined, anchor, 6],
  ])
})

test('ledger entries as `tail --json` and the log of `run` show them', async () => {
  const tailed = jsonLine({ stream: 'ledger', organization: 'acme', position: '1', record: entry })
  const logged = JSON.stringify({ level: 'info', ...ledgerFields(entry), msg: 'polled' })
  assert.deepEqual(await read(tailed, logged), [
    ['acme', anchor, 1],
    ['acme', anchor, 2],
  ])
})

test('log records: a collector file of OTLP/JSON, and one record with flat attributes', async () => {
  const { attributes } = ledgerLogRecord(entry)
  const otlp = (record: object) =>
    JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record, record] }] }] })
  const keyValues = Object.entries(attributes ?? {}).map(([key, value]) => ({
    key,
    value: { stringValue: String(value) },
  }))
  const event = { attributes: [{ key: 'huggingface.audit.organization', value: { stringValue: 'acme' } }] }
  assert.deepEqual(
    await read(otlp(event), otlp({ attributes: keyValues }), JSON.stringify({ body: 'x', attributes })),
    [
      ['acme', anchor, 2],
      ['acme', anchor, 2],
      ['acme', anchor, 3],
    ],
  )
})

test('nonsense is refused with the numbers of its lines, and nothing of it is taken', async () => {
  const rejects = (lines: string[], message: RegExp) =>
    assert.rejects(read(...lines), { code: 'CONFIG_INVALID', message })
  await rejects([`acme ${anchor}`, 'nonsense'], /line 2: no anchor: "nonsense"/)
  await rejects([`acme ${anchor.slice(0, -1)}`], /line 1: no anchor/)
  await rejects([`acme x ${anchor}`], /line 1/)
  await rejects(['{"a":1}', '', '{"organization":"acme"'], /line 1: no anchor in it.*\n.*line 3: no JSON/)
  await rejects([`{"anchor":"${anchor}"}`], /line 1: the anchor has no organization beside it/)
  await rejects(
    ['{"organization":"acme","anchor":"12:zz"}'],
    /line 1: the anchor is no "sequence:hash": "\\"12:zz\\""/,
  )
  await rejects(['', '# nothing'], /there is no anchor in it/)
  await rejects(
    Array.from({ length: 50 }, () => 'x'),
    /line 5: no anchor: "x"\nAllowed/,
  )
})
