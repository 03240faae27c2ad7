import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { confluentHeader, decodeValue, encodeValue } from '../../src/event/avro.ts'
import { catalogue } from '../../src/event/catalogue.ts'
import { asJson, GOLDEN_EVENTS, goldenRecord, readGoldenEvent } from '../support/golden-events.ts'

test('there is a golden event of every known type and of no other', () => {
  const files = readdirSync(GOLDEN_EVENTS).map(file => file.replace(/\.json$/, ''))
  assert.deepEqual(files.sort(), [...catalogue().keys()].sort())
})

test('every golden event becomes its golden record, also by way of Avro', () => {
  for (const type of catalogue().keys()) {
    const { element, record } = readGoldenEvent(type)
    const actual = goldenRecord(element)
    assert.deepEqual(asJson(actual), record, type)
    assert.equal(record.rawLog, element)
    assert.equal(record.eventType, type)
    assert.deepEqual(decodeValue('events', encodeValue('events', confluentHeader(1), actual)), actual, type)
  }
})
