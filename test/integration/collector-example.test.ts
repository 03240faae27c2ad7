import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { startCollector } from '../support/stack/collector.ts'
import { projectRoot } from '../support/stack/project-root.ts'
import { requireStack } from '../support/stack/requirements.ts'

suite('the example collector', () => {
  test('docker/otel-collector.yaml turns each event into a line of the file', async t => {
    if (!(await requireStack(t, 'collector'))) return
    const collector = await startCollector({ basedOn: join(projectRoot, 'docker/otel-collector.yaml') })
    t.after(() => collector.stop())
    const { environment } = await simulatedHub(t, { events: 200 })
    const result = await pollOnce({ ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
    assert.equal(result.code, 0, result.stderr)
    const originals = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const { attributes } of collector.logRecords()) {
        const original = attributes['log.record.original']
        if (typeof original === 'string') found.push(original)
      }
      return found
    }
    await until('the file', async () => (await originals()).length >= 200)
    const ids = (await originals()).map(text => (JSON.parse(text) as { _id: string })._id)
    assert.equal(new Set(ids).size, 200)
  })
})
