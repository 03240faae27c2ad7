import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'

test('the registry registers, gives the same id again, and refuses what is incompatible', {
  timeout: 600_000,
}, async t => {
  if (!(await requireStack(t, 'registry'))) return
  const registry = await startRegistry()
  t.after(() => registry.stop())
  const register = async (fields: readonly object[]) => {
    const schema = JSON.stringify({ type: 'record', name: 'Event', fields })
    const response = await fetch(`${registry.url}/subjects/events-value/versions?normalize=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema }),
    })
    return { status: response.status, body: (await response.json()) as { id?: number } }
  }
  const name = { name: 'name', type: 'string' }
  const first = await register([name])
  assert.equal(first.status, 200)
  assert.deepEqual(await register([name]), first)
  assert.equal((await register([name, { name: 'age', type: 'int' }])).status, 409)
  assert.equal((await register([name, { name: 'age', type: 'int', default: 0 }])).status, 200)

  await registry.restart()
  const subjects = await fetch(`${registry.url}/subjects`)
  assert.deepEqual(await subjects.json(), [])
  assert.equal((await register([name])).status, 200)
  assert.equal((await register([name, { name: 'age', type: 'int' }])).status, 409)
})
