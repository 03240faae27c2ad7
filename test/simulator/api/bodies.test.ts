import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { calledSimulator } from '../called.ts'
import { bodySchema, OPERATIONS, validatorOf } from '../hub-schemas.ts'

interface Schema {
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly type?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

/** Texts of which every pattern of the document takes some. */
const TEXTS = [
  'abcdef0123456789abcdef01',
  'ABCDEF0123456789ABCDEF01',
  '192.0.2.0/24',
  '192.0.2.0/33',
  '2001:db8::/32',
  '::/0',
  'somebody@mail.example',
  'some..body@mail.example',
  'gpt2-*',
  'gpt2.?',
]

/** Values as a schema describes them or nearly so: too long, of another kind, or with a part missing. */
function candidates(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: likely(schema) }, { weight: 1, arbitrary: fc.jsonValue() })
}

function likely(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(likely))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum, 'other')
  switch (schema.type) {
    case 'boolean':
      return fc.boolean()
    case 'string': {
      if (schema.pattern !== undefined) {
        const right = TEXTS.filter(text => new RegExp(schema.pattern!).test(text))
        return fc.constantFrom(...TEXTS, ...Array(8).fill(right).flat())
      }
      const longest = schema.maxLength ?? 10
      return fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.constantFrom(longest, longest + 1).map(length => 'x'.repeat(length)),
      )
    }
    case 'array': {
      const items = candidates(schema.items ?? {})
      const [few, most] = [fc.array(items, { maxLength: 2 }), schema.maxItems ?? 4]
      if (most > 30) return few
      const many = fc.array(likely(schema.items ?? {}), { minLength: most, maxLength: most + 1 })
      return fc.oneof({ weight: 6, arbitrary: few }, { weight: 1, arbitrary: many })
    }
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([key, member]) => [
        key,
        candidates(member),
      ])
      return fc.record(Object.fromEntries(members), { requiredKeys: [] })
    }
    default:
      return fc.jsonValue()
  }
}

test("a body is refused with 400 if and only if the document's schema refuses it", async t => {
  const { call } = await calledSimulator(t, { events: 1 })
  const serviceAccountId = (await call('GET /api/organizations/{name}/service-accounts')).body[0]._id
  const ofAccount = await call('GET /api/organizations/{name}/service-accounts/{serviceAccountId}', {
    path: { serviceAccountId },
  })
  const path = {
    serviceAccountId,
    tokenId: ofAccount.body.accessTokens[0]._id,
    username: 'alice-example',
    repo: 'no-such-repository',
  }
  for (const operation of OPERATIONS.keys()) {
    const schema = bodySchema(operation)
    if (schema === undefined) continue
    const validate = validatorOf(schema)
    const seen = { taken: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(candidates(schema), async body => {
        // As it goes over the wire: -0 is 0 there.
        const sent: unknown = JSON.parse(JSON.stringify(body))
        const documented = validate(sent)
        seen[documented ? 'taken' : 'refused'] += 1
        const { status, body: answer } = await call(operation, { path, body: sent })
        if (isProtectedElsewhere(operation, sent)) return assert.equal(status, 400)
        assert.equal(status !== 400, documented, `${operation}: ${JSON.stringify([status, answer])}`)
        if (documented) assert.ok(status < 300 || status === 404, `${operation}: ${status}`)
      }),
      { numRuns: 80, seed: 6 },
    )
    assert.ok(seen.taken > 5 && seen.refused > 5, `${operation}: ${JSON.stringify(seen)}`)
  }
})

/** What the document says in words only. */
function isProtectedElsewhere(operation: string, body: unknown): boolean {
  const { visibility } = (body ?? {}) as { visibility?: unknown }
  return visibility === 'protected' && !operation.includes('/api/spaces/')
}
