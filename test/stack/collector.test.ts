import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { countUids } from '../support/readers/collector-file.ts'
import { type CollectorServer, startCollector } from '../support/stack/collector.ts'
import { requireStack } from '../support/stack/requirements.ts'

const string = (stringValue: string) => ({ stringValue })

function post(collector: CollectorServer, uids: readonly string[], body = 'text'): Promise<Response> {
  const logRecords = uids.map(uid => ({
    timeUnixNano: '1700000000123000000',
    observedTimeUnixNano: '1700000001000000000',
    severityNumber: 13,
    severityText: 'WARN',
    eventName: 'huggingface.audit.repo.create',
    body: string(body),
    attributes: [
      { key: 'log.record.uid', value: string(uid) },
      { key: 'large', value: { intValue: '9007199254740993' } },
      { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { boolValue: true }] } } },
    ],
  }))
  const resource = { attributes: [{ key: 'service.name', value: string('stack-test') }] }
  const scope = { name: 'scope', version: '1' }
  return fetch(`${collector.endpoint}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] }),
  })
}

async function uidsOnceThereAre(collector: CollectorServer, wanted: number): Promise<(string | undefined)[]> {
  for (let tries = 0; ; tries += 1) {
    const uids = []
    for await (const { uid } of collector.logRecords()) uids.push(uid)
    if (uids.length >= wanted || tries === 100) return uids
    await sleep(50)
  }
}

test('the collector writes what it accepts to its file, before and after a restart', {
  timeout: 600_000,
}, async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await startCollector()
  t.after(() => collector.stop())
  assert.equal((await post(collector, ['1', '2'])).status, 200)
  assert.deepEqual(await uidsOnceThereAre(collector, 2), ['1', '2'])
  const [record] = await Array.fromAsync(collector.logRecords())
  assert.deepEqual(record, {
    uid: '1',
    eventName: 'huggingface.audit.repo.create',
    severityNumber: 13,
    severityText: 'WARN',
    body: 'text',
    attributes: { 'log.record.uid': '1', large: 9007199254740993n, list: [1, true] },
    timeUnixNano: 1700000000123000000n,
    observedTimeUnixNano: 1700000001000000000n,
    resource: { 'service.name': 'stack-test' },
    scope: { name: 'scope', version: '1' },
  })

  await collector.kill()
  await assert.rejects(post(collector, ['lost']))
  await collector.restart()
  assert.equal((await post(collector, ['2', '3'])).status, 200)
  assert.deepEqual(await uidsOnceThereAre(collector, 4), ['1', '2', '2', '3'])
  assert.deepEqual(await countUids(collector.outputFile), { records: 4, distinctUids: 3, withoutUid: 0 })
})

test('a body beyond the limit is refused with 400', { timeout: 600_000 }, async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await startCollector({ maxRequestBytes: 4_000 })
  t.after(() => collector.stop())
  assert.equal((await post(collector, ['small'])).status, 200)
  assert.equal((await post(collector, ['large'], 'x'.repeat(5_000))).status, 400)
  assert.deepEqual(await uidsOnceThereAre(collector, 1), ['small'])
})
