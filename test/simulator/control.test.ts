import assert from 'node:assert/strict'
import test from 'node:test'
import { startedSimulator } from './started.ts'

test('every control works over HTTP, and the state tells', async t => {
  const { simulator, url, events } = await startedSimulator(t)
  const control = async (name: string, body?: unknown) => {
    const response = await fetch(`${url}/_control/${name}`, {
      method: 'POST',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }
  assert.deepEqual(await control('append', { events: 2, createdAt: '2020-01-01T00:00:00Z' }), {
    status: 200,
    answer: { ids: [simulator.id(51), simulator.id(52)] },
  })
  assert.equal((await events()).at(-1)!.createdAt, '2020-01-01T00:00:00Z')
  assert.deepEqual((await control('append-raw', { elements: ['17'], createdAt: 0 })).answer, { appended: 1 })
  assert.equal((await events()).at(-1), 17)
  assert.deepEqual((await control('events', { events: 80 })).answer, { events: 80 })
  assert.deepEqual((await control('order', { order: 'oldest-first' })).answer, {
    order: 'oldest-first',
    shuffleSeed: 0,
  })
  assert.equal((await events())[0]! as unknown, 17)
  assert.deepEqual((await control('cap', { cap: 30 })).answer, { cap: 30 })
  assert.equal((await events()).length, 30)
  assert.deepEqual((await control('rate', { rate: 0 })).answer, { rate: 0 })
  const { answer } = await control('fault', { kind: 'status', status: 500, organization: 'example-org' })
  const state = (await (await fetch(`${url}/_control/state`)).json()) as Record<string, unknown>
  assert.deepEqual(state, JSON.parse(JSON.stringify(simulator.state())))
  assert.deepEqual(state.faults, [
    {
      id: answer.id,
      used: 0,
      fault: { kind: 'status', status: 500, organization: 'example-org', endpoint: 'export', html: false },
    },
  ])
  assert.deepEqual(state.organizations, [{ name: 'example-org', events: 80 }])
  assert.deepEqual((await control('clear-faults')).answer, { cleared: 1 })
  const access = { role: 'write', plan: 'none', permissions: ['org.read'], restriction: 'pending-approval' }
  assert.deepEqual((await control('access', access)).answer, access)
  assert.deepEqual((await control('access', { organization: 'example-org' })).status, 200)
  const whoami = { headers: { authorization: 'Bearer hf_simulated' } }
  const { orgs, auth } = (await (await fetch(`${url}/api/whoami-v2`, whoami)).json()) as {
    orgs: { roleInOrg: string; plan?: string; securityRestrictions: string[] }[]
    auth: { accessToken: { fineGrained: { scoped: { permissions: string[] }[] } } }
  }
  assert.deepEqual(
    [orgs[0]!.roleInOrg, orgs[0]!.plan, orgs[0]!.securityRestrictions],
    ['write', undefined, ['token-policy']],
  )
  assert.deepEqual(auth.accessToken.fineGrained.scoped[0]!.permissions, ['org.read'])
  const id = simulator.id(1)
  await control('fault', { kind: 'lag', events: 1 })
  assert.deepEqual((await control('seed', { seed: 2 })).answer, { seed: 2 })
  assert.notEqual(simulator.id(1), id)
  assert.deepEqual(simulator.state().faults, [])
  assert.deepEqual(simulator.state().organizations, [{ name: 'example-org', events: 50 }])
})

test('a control that makes no sense is refused with the reason', async t => {
  const { url, simulator } = await startedSimulator(t)
  const refused: [string, string, RegExp][] = [
    ['fault', '{"kind":"status","status":200}', /"fault" refuses this: status: /],
    ['fault', '{"kind":"nothing"}', /kind: /],
    ['fault', '{"kind":"status","status":500,"time":2}', /"time"/],
    ['fault', '{"kind":"lag","events":1,"organization":"nobody"}', /no organization "nobody"/],
    ['fault', '{"kind":"garbage","afterBytes":1,"hex":"0"}', /hex: must be pairs/],
    ['append', '{"events":0,"createdAt":"yesterday"}', /events: .*createdAt: /],
    ['append', '[]', /append/],
    ['order', '{"order":"sorted"}', /order: /],
    ['access', '{"role":"owner"}', /role: /],
    ['access', '{"restriction":"weather"}', /restriction: /],
    ['access', '{"role":"read","organization":"nobody"}', /no organization "nobody"/],
    ['fault', '{"kind":"status","status":500,"endpoint":"users"}', /endpoint: /],
    ['order', '{', /not JSON/],
  ]
  for (const [name, body, message] of refused) {
    const response = await fetch(`${url}/_control/${name}`, { method: 'POST', body })
    assert.equal(response.status, 400, body)
    assert.match(((await response.json()) as { error: string }).error, message)
  }
  const unknown = await fetch(`${url}/_control/toString`, { method: 'POST', body: '{}' })
  assert.equal(unknown.status, 404)
  assert.match(((await unknown.json()) as { error: string }).error, /POST \/_control\/append/)
  assert.equal((await fetch(`${url}/_control/fault`)).status, 404)
  assert.deepEqual(simulator.state().faults, [])
  assert.throws(() => simulator.setRate(-1), { code: 'CONFIG_INVALID', message: /rate: / })
})
