import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventCounts } from '../../src/query/event-counts.ts'

test('a day outside the years 0 to 9999 in UTC is counted as the nearest day inside', () => {
  const counts = new EventCounts('day')
  const parsed = () => assert.fail('not needed')
  for (const time of ['0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59'])
    counts.add({ type: 'x', createdAtMs: Date.parse(time), parsed })
  assert.deepEqual(
    counts.rows().map(({ value }) => value),
    ['9999-12-31', '0000-01-01'],
  )
})
