import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { StreamName } from '../../src/event/records.ts'
import {
  currentSchema,
  parseSchema,
  RELEASED_SCHEMAS,
  releasedSchemaText,
  schemaFingerprint,
} from '../../src/event/schemas.ts'

/** As other implementations of Avro compute them. Before one changes, its schema must go to `schemas/released/`. */
const FINGERPRINTS: Record<StreamName, string> = {
  events: '1e2ff3525de17ad6',
  findings: '26458d81a012c184',
  ledger: 'ff969fd691379cd2',
  'dead-letters': '934a177f550e983d',
}

for (const [stream, fingerprint] of Object.entries(FINGERPRINTS)) {
  test(`the schema of ${stream} is the one that is known by its fingerprint`, () => {
    assert.equal(currentSchema(stream as StreamName).fingerprint, fingerprint)
  })
}

test('the first 51 columns are those of the huggingface_logs table, in its order', () => {
  const names: string[] = JSON.parse(currentSchema('events').text).fields.map(
    (field: { name: string }) => field.name,
  )
  const table =
    'workspaceID sourceID sourceType sourceTTL receivedAt id eventTime eventName eventID srcIP srcASCountryCode ' +
    'srcASNumber srcASOrganization srcCity srcConnectionType srcISP srcLatitude srcLongitude srcUserType dstIP ' +
    'dstASCountryCode dstASNumber dstASOrganization dstCity dstConnectionType dstISP dstLatitude dstLongitude ' +
    'dstUserType actor tags resources serviceName enrichments readOnly rawLog auditID eventType message authorID ' +
    'authorUser authorType actorIP locationFormatted locationCountry locationCity tokenType tokenID tokenRole ' +
    'tokenLast4 tokenDeleted'
  assert.deepEqual(names.slice(0, 51), table.split(' '))
  assert.equal(
    names.slice(51).join(' '),
    'organization sequence chainHash userAgent oauthClientID oauthName authorDeleted data severity ocsfClassUID ' +
      'ocsfActivityID',
  )
})

test('every released schema lies under its own fingerprint', () => {
  for (const file of readdirSync(RELEASED_SCHEMAS).filter(name => name.endsWith('.avsc'))) {
    const schema = JSON.parse(readFileSync(new URL(file, RELEASED_SCHEMAS), 'utf8'))
    assert.ok(file.endsWith(`-${schemaFingerprint(parseSchema(schema))}.avsc`), file)
  }
})

test('a released schema is found by stream and fingerprint', t => {
  const folder = mkdtempSync(join(tmpdir(), 'released-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'finding-0123456789abcdef.avsc'), '"string"')
  const directory = pathToFileURL(`${folder}/`)
  assert.equal(releasedSchemaText('findings', '0123456789abcdef', directory), '"string"')
  assert.equal(releasedSchemaText('events', '0123456789abcdef', directory), undefined)
  assert.equal(releasedSchemaText('findings', 'fedcba9876543210', directory), undefined)
})
