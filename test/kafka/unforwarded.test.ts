import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unforwardedFinding } from '../../src/kafka/unforwarded.ts'

const organization = { name: 'acme', identity: 'acme', endpoint: 'https://hub.example' }
const place = { topic: 'events', partition: 3 }
const at = 1_795_219_200_000

test('records that retention deleted are an error, counted where they can only be one organization’s', () => {
  const alone = unforwardedFinding({ ...place, from: 40, to: 100 }, organization, true, at)
  assert.deepEqual([alone.severity, alone.count, alone.foundAt], ['ERROR', 60, at])
  assert.match(
    alone.message,
    /events\[3\] was offset 40, and the topic now begins at 100: up to 60 records never/,
  )
  const shared = unforwardedFinding({ ...place, from: 40, to: 100 }, organization, false, at)
  assert.deepEqual([shared.severity, shared.count], ['ERROR', 0])
  const unknown = unforwardedFinding({ ...place, from: undefined, to: 100 }, organization, true, at)
  assert.deepEqual([unknown.severity, unknown.count], ['ERROR', 0])
})

test('of a topic that was replaced nothing is known to be missing, and nothing else is said', () => {
  const { severity, count, message } = unforwardedFinding(
    { ...place, from: 143, to: 0 },
    organization,
    true,
    at,
  )
  assert.deepEqual([severity, count], ['WARN', 0])
  assert.match(message, /offset 143, and the topic now begins at 0: it was replaced/)
  assert.doesNotMatch(message, /never reached/)
})
