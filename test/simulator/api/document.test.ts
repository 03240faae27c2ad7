import assert from 'node:assert/strict'
import test from 'node:test'
import { z } from 'zod'
import { ROUTES } from '../../../src/simulator/api/routes.ts'
import { bodySchema, OPERATIONS } from '../hub-schemas.ts'

const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`

test("the simulator answers every operation of the Hub's document that this project has, and no other", () => {
  assert.deepEqual(ROUTES.map(nameOf).toSorted(), [...OPERATIONS.keys()].toSorted())
})

test('it takes the bodies that the document describes', () => {
  for (const route of ROUTES) {
    const documented = bodySchema(nameOf(route))
    const own = route.body && z.toJSONSchema(route.body, { io: 'input' })
    assert.deepEqual(bare(own), bare(documented), nameOf(route))
  }
})

test('it takes the query parameters that the document describes, and their bounds', () => {
  for (const route of ROUTES) {
    // The export's q is free text here; it has a test of its own.
    if (route.endpoint === 'export') continue
    const documented = (OPERATIONS.get(nameOf(route))!.parameters ?? []).filter(
      parameter => parameter.in === 'query',
    )
    const query = 'query' in route ? route.query : undefined
    const own = query && (z.toJSONSchema(query, { io: 'input' }).properties as Record<string, object>)
    assert.deepEqual(
      Object.keys(own ?? {}),
      documented.map(({ name }) => name),
    )
    for (const { name, schema } of documented) {
      const limits = schema as { type?: string; enum?: string[]; minimum?: number; maximum?: number }
      const takes = (value: unknown) => query!.safeParse({ [name]: String(value) }).success
      for (const value of limits.enum ?? []) assert.ok(takes(value), `${name}=${value}`)
      if (limits.enum !== undefined) assert.ok(!takes('other'), name)
      if (limits.type !== 'integer') continue
      assert.ok(takes(limits.minimum) && takes(limits.maximum), name)
      assert.ok(!takes(limits.minimum! - 1) && !takes('x') && !takes('1.5') && !takes(''), name)
      assert.ok(!takes(2n ** 53n), name)
    }
  }
})

/** Without what describes, and without what another member says too. */
function bare(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bare)
  if (typeof schema !== 'object' || schema === null) return schema
  const told = 'enum' in schema || 'const' in schema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !['$schema', 'description', 'format', 'examples'].includes(key))
      .filter(([key]) => !(told && key === 'type'))
      .map(([key, value]) => [key, key === 'pattern' ? plainPattern(String(value)) : bare(value)]),
  )
}

/** Escapes that a character class does not need are left out by some. */
function plainPattern(pattern: string): string {
  return pattern.replace(/\\([-./])/g, '$1')
}
