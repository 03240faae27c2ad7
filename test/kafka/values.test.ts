import assert from 'node:assert/strict'
import { test } from 'node:test'
import { confluentHeader, encodeValue, schemaText, singleObjectHeader } from '../../src/event/avro.ts'
import { newHead } from '../../src/event/new-head.ts'
import { rebuildLedgerEntry } from '../../src/event/rebuild-records.ts'
import type { SchemaRegistry } from '../../src/kafka/schema-registry.ts'
import { createValueDecoder } from '../../src/kafka/values.ts'

const organization = { name: 'acme', identity: 'acme', endpoint: 'https://hub.example' }
const entry = rebuildLedgerEntry(organization, newHead(organization), {
  startedAtMs: 1,
  finishedAtMs: 2,
  findings: 0,
})
const alone = encodeValue('ledger', singleObjectHeader('ledger'), entry)
const registered = encodeValue('ledger', confluentHeader(7), entry)

function registryWith(texts: Readonly<Record<number, string>>): Pick<SchemaRegistry, 'schemaText'> {
  return { schemaText: async id => texts[id] ?? assert.fail(`asked for schema ${id}`) }
}

test('a reader takes both framings, whichever the topic was begun with', async () => {
  const decode = createValueDecoder(registryWith({ 7: schemaText('ledger') }) as SchemaRegistry)
  for (const value of [alone, registered, alone, registered]) {
    assert.deepEqual(await decode('ledger', value), entry)
  }
})

test('without a registry a value that names a schema there is refused with what to set', () => {
  const decode = createValueDecoder(undefined)
  assert.deepEqual(decode('ledger', alone), entry)
  assert.throws(() => decode('ledger', registered), {
    code: 'JOURNAL_MISMATCH',
    message: /schema 7.*SCHEMA_REGISTRY_URL/,
  })
})
