import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { auditLogEventSchema } from '../../../src/hub/enterprise/audit-log-event.ts'
import { createTokenRequest } from '../../../src/hub/enterprise/create-token.ts'
import { hubIpRange } from '../../../src/hub/enterprise/ip-ranges.ts'
import {
  LISTED_REPO_TYPES,
  REPOSITORY_SORTS,
  repositorySchema,
  SORT_DIRECTIONS,
} from '../../../src/hub/enterprise/list-repositories.ts'
import { listMembersRequest, membersSchema } from '../../../src/hub/enterprise/members.ts'
import {
  CONTENT_RESOURCES,
  networkSecuritySchema,
  updateNetworkSecurityRequest,
} from '../../../src/hub/enterprise/network-security.ts'
import { ORG_ROLES } from '../../../src/hub/enterprise/org-role.ts'
import { bucketSettingsSchema, repoSettingsSchema } from '../../../src/hub/enterprise/repo-settings.ts'
import { revokeLeakedTokensRequest } from '../../../src/hub/enterprise/revoke-leaked-tokens.ts'
import {
  createdServiceAccountSchema,
  createdTokenSchema,
  rotatedTokenSchema,
  serviceAccountDetailsSchema,
  serviceAccountSchema,
  updatedTokenSchema,
} from '../../../src/hub/enterprise/service-account-schemas.ts'
import { createServiceAccountRequest } from '../../../src/hub/enterprise/service-accounts.ts'
import { setMemberRoleRequest } from '../../../src/hub/enterprise/set-member-role.ts'
import { CDN_PROVIDERS, CDN_REGIONS, VISIBILITIES } from '../../../src/hub/enterprise/set-repo-visibility.ts'
import { REPO_PERMISSIONS, TOKEN_PERMISSIONS } from '../../../src/hub/enterprise/token-permissions.ts'
import { updateTokenRequest } from '../../../src/hub/enterprise/update-token.ts'
import { whoAmISchema } from '../../../src/hub/whoami.ts'
import { arbitraryOf } from './arbitrary-answer.ts'
import { CALLS, clientOf } from './calls.ts'
import { type JsonSchema, OPERATIONS, operation } from './document.ts'
import { startDocumentedHub } from './documented-hub.ts'
import { exampleOf, GROUP_ID } from './examples.ts'

const ORGANIZATION = '/api/organizations/{name}'
const ACCOUNTS = `${ORGANIZATION}/service-accounts`
const TOKENS = `${ACCOUNTS}/{serviceAccountId}/tokens`

/** What the client makes of each documented answer. */
const ANSWERS: Readonly<Record<string, z.ZodType>> = {
  [`GET ${ORGANIZATION}/members`]: membersSchema,
  [`GET ${ACCOUNTS}`]: z.array(serviceAccountSchema),
  [`POST ${ACCOUNTS}`]: createdServiceAccountSchema,
  [`GET ${ACCOUNTS}/{serviceAccountId}`]: serviceAccountDetailsSchema,
  [`POST ${TOKENS}`]: createdTokenSchema,
  [`PATCH ${TOKENS}/{tokenId}`]: updatedTokenSchema,
  [`POST ${TOKENS}/{tokenId}/rotate`]: rotatedTokenSchema,
  [`GET ${ORGANIZATION}/settings/network-security`]: networkSecuritySchema,
  [`PATCH ${ORGANIZATION}/settings/network-security`]: networkSecuritySchema,
  [`GET ${ORGANIZATION}/settings/repositories`]: z.array(repositorySchema),
  'PUT /api/models/{namespace}/{repo}/settings': repoSettingsSchema,
  'PUT /api/datasets/{namespace}/{repo}/settings': repoSettingsSchema,
  'PUT /api/spaces/{namespace}/{repo}/settings': repoSettingsSchema,
  'PUT /api/buckets/{namespace}/{repo}/settings': bucketSettingsSchema,
}
/** Of these the client is content with less than the document promises. */
const LENIENT: Readonly<Record<string, z.ZodType>> = {
  'GET /api/whoami-v2': whoAmISchema,
  [`GET ${ORGANIZATION}/audit-log/export`]: z.array(auditLogEventSchema),
}

test('every operation of the document is asked by a call, each as it is written there', async t => {
  const hub = await startDocumentedHub(t)
  for (const { name, operation, before = [], run } of CALLS) {
    hub.received.length = 0
    await run(clientOf(hub.endpoint))
    const asked = hub.received.map(one => one.operation)
    assert.deepEqual(asked.slice(0, before.length + 1), [...before, operation], name)
  }
  await clientOf(hub.endpoint).auditLogs('acme', { user: 'jdoe' })
  assert.deepEqual(hub.received.at(-1)!.query, { q: 'author:jdoe' })
  assert.deepEqual(hub.violations, [])
  const driven = new Set(CALLS.map(call => call.operation))
  assert.deepEqual([...driven].toSorted(), OPERATIONS.map(({ id }) => id).toSorted())
})

test('the examples of these tests are answers of the document', () => {
  for (const { id, answer, status } of OPERATIONS) {
    if (answer === undefined || status === 204) continue
    assert.ok(answer(exampleOf(id)), `${id}: ${JSON.stringify(answer.errors)}`)
  }
})

test('every answer that the document allows is accepted, and comes through unchanged, with new fields too', () => {
  const documented = OPERATIONS.filter(({ answerSchema, status }) => answerSchema && status !== 204)
  assert.deepEqual(
    documented.map(({ id }) => id).toSorted(),
    Object.keys({ ...ANSWERS, ...LENIENT }).toSorted(),
  )
  for (const { id, answer, answerSchema } of documented) {
    const schema = { ...ANSWERS, ...LENIENT }[id]!
    fc.assert(
      fc.property(arbitraryOf(answerSchema!), value => {
        fc.pre(answer!(value) && !(id === 'GET /api/whoami-v2' && (value as { id: string }).id === ''))
        assert.deepEqual(schema.parse(value), value, id)
        const grown = withNewFields(value)
        assert.deepEqual(schema.parse(grown), grown, id)
      }),
      { numRuns: 50 },
    )
  }
})

test('the client knows the fields of the document, and needs those that it promises', () => {
  for (const [id, schema] of Object.entries(ANSWERS)) {
    const ours = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
    assert.deepEqual(shapeOf(ours), shapeOf(operation(id).answerSchema!), id)
  }
  const ours = shapeOf(z.toJSONSchema(whoAmISchema, { io: 'input' }) as JsonSchema)
  const theirs = new Set(shapeOf(operation('GET /api/whoami-v2').answerSchema!.anyOf![0]!))
  // Of these the client is content with less.
  const unknown = ours.filter(field => !theirs.has(field) && !theirs.has(`${field}!`))
  assert.deepEqual(unknown, [])
})

test('the words that the client allows are those of the document', () => {
  const bodyOf = (id: string): JsonSchema => operation(id).bodySchema!
  const choices: readonly (readonly [readonly string[], JsonSchema | undefined])[] = [
    [ORG_ROLES, bodyOf(`PUT ${ORGANIZATION}/members/{username}/role`).properties?.role],
    [
      ORG_ROLES,
      bodyOf(`PUT ${ORGANIZATION}/members/{username}/role`).properties?.resourceGroups?.items?.properties
        ?.role,
    ],
    [TOKEN_PERMISSIONS, bodyOf(`POST ${TOKENS}`).properties?.permissions?.items],
    [TOKEN_PERMISSIONS, bodyOf(`PATCH ${TOKENS}/{tokenId}`).properties?.permissions?.items],
    [REPO_PERMISSIONS, bodyOf(`POST ${TOKENS}`).properties?.repoPermissions?.items],
    [REPO_PERMISSIONS, bodyOf(`PATCH ${TOKENS}/{tokenId}`).properties?.repoPermissions?.items],
    ...['models', 'datasets', 'spaces'].map(
      type =>
        [
          VISIBILITIES,
          bodyOf(`PUT /api/${type}/{namespace}/{repo}/settings`).properties?.visibility,
        ] as const,
    ),
    [CDN_PROVIDERS, cdnRegion('provider')],
    [CDN_REGIONS, cdnRegion('region')],
  ]
  for (const [ours, theirs] of choices) assert.deepEqual([...ours].toSorted(), wordsOf(theirs).toSorted())
  for (const list of ['blockedContents', 'allowedContents']) {
    const contents = bodyOf(`PATCH ${ORGANIZATION}/settings/network-security`).properties?.[list]
    assert.deepEqual(
      [...CONTENT_RESOURCES].toSorted(),
      wordsOf(contents?.items?.properties?.resource).toSorted(),
    )
  }
  // ajv turns a number of the query back, so the words are tried one by one.
  const query = operation(`GET ${ORGANIZATION}/settings/repositories`).query
  const tried = [...LISTED_REPO_TYPES, ...REPOSITORY_SORTS, ...SORT_DIRECTIONS, 'internal']
  const taken = (name: string): string[] => tried.filter(value => query.get(name)!({ value }))
  assert.deepEqual(taken('type'), [...LISTED_REPO_TYPES])
  assert.deepEqual(taken('sort'), [...REPOSITORY_SORTS])
  assert.deepEqual(taken('direction'), [...SORT_DIRECTIONS])
})

test('what the document refuses is refused before it is sent, and nothing else', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    fc.nat(600).map(length => 'x'.repeat(length)),
  )
  const ids = fc.array(fc.constantFrom(GROUP_ID, GROUP_ID.toUpperCase(), 'x'.repeat(24), '0'.repeat(23)), {
    maxLength: 2,
  })
  const patterns = fc.array(fc.oneof(text, fc.constantFrom('gpt2-*', 'a.b', 'a[b', '')), { maxLength: 22 })
  const permissions = fc.array(fc.constantFrom(...TOKEN_PERMISSIONS, 'org.delete' as 'org.read'))
  const agree = <T>(
    arbitrary: fc.Arbitrary<T>,
    id: string,
    request: (value: T) => { body?: unknown },
    raw: (value: T) => unknown,
  ) => {
    const validate = operation(id).body!
    fc.assert(
      fc.property(arbitrary, value => {
        let body: unknown
        try {
          body = request(value).body
        } catch {
          assert.equal(validate(raw(value)), false, `refused without a reason: ${JSON.stringify(raw(value))}`)
          return
        }
        assert.ok(validate(body), `${JSON.stringify(body)}: ${JSON.stringify(validate.errors)}`)
      }),
    )
  }
  agree(
    fc.record({ name: text, description: text }, { requiredKeys: ['name'] }),
    `POST ${ACCOUNTS}`,
    account => createServiceAccountRequest('acme', account),
    account => account,
  )
  const scope = { permissions, repoIds: ids, endpointPatterns: patterns, skipNetworkSecurity: fc.boolean() }
  const named = ({ name, ...rest }: { name: string }) => ({ displayName: name, ...rest })
  agree(
    // Repositories without permissions on them are refused here, although the document allows them.
    fc.record(
      { name: text, ...scope, repoPermissions: fc.constant([]) },
      { requiredKeys: ['name', 'repoPermissions'] },
    ),
    `POST ${TOKENS}`,
    token => createTokenRequest('acme', '0', token),
    named,
  )
  agree(
    fc.record({ name: text, ...scope }),
    `PATCH ${TOKENS}/{tokenId}`,
    changes => updateTokenRequest('acme', '0', '0', changes),
    named,
  )
  agree(
    fc.oneof(
      fc.array(text, { maxLength: 3 }),
      fc.constantFrom(1000, 1001).map(length => Array(length).fill('x')),
    ),
    'POST /api/credentials/revoke',
    revokeLeakedTokensRequest,
    credentials => ({ credentials }),
  )
  agree(
    fc.record({ role: fc.constantFrom(...ORG_ROLES, 'owner' as 'admin') }),
    `PUT ${ORGANIZATION}/members/{username}/role`,
    ({ role }) => setMemberRoleRequest('acme', 'jdoe', role, [{ id: GROUP_ID, role: 'read' }]),
    body => body,
  )
})

test('a page of members is as large as the document allows', () => {
  const validate = operation(`GET ${ORGANIZATION}/members`).query.get('limit')!
  for (const pageSize of [9, 10, 500, 10_000, 10_001, 10.5, Number.NaN]) {
    const isAllowed = validate({ value: String(pageSize) })
    const request = () => listMembersRequest('acme', { pageSize })
    if (isAllowed) assert.deepEqual(request().query, { limit: String(pageSize) })
    else assert.throws(request, { code: 'CONFIG_INVALID', message: /10 to 10000/ })
  }
})

test('every range of addresses is sent in a form that the document knows', () => {
  const validate = operation(`PATCH ${ORGANIZATION}/settings/network-security`).body!
  const v4 = fc.tuple(fc.ipV4(), fc.nat(32)).map(([address, prefix]) => `${address}/${prefix}`)
  const v6 = fc
    .tuple(
      fc.ipV6().filter(address => !address.includes('.')),
      fc.nat(128),
    )
    .map(([address, prefix]) => `${address}/${prefix}`)
  fc.assert(
    fc.property(fc.oneof(v4, v6), range => {
      const { body } = updateNetworkSecurityRequest('acme', { ipRanges: [range] })
      assert.ok(validate(body), `${range} became ${JSON.stringify(body)}`)
    }),
  )
  assert.equal(hubIpRange('2001:db8::/32'), '2001:db8:0:0:0:0:0:0/32')
  assert.equal(hubIpRange('::/0'), '0:0:0:0:0:0:0:0/0')
  assert.equal(hubIpRange(' 192.0.2.0/24 '), '192.0.2.0/24')
  for (const wrong of [
    '192.0.2.1',
    '192.0.2.0/33',
    '::/129',
    '::1%eth0/128',
    'a/8',
    '1.2.3.4/8/8',
    '',
    '::ffff:1.2.3.4/96',
  ])
    assert.throws(() => hubIpRange(wrong), { code: 'CONFIG_INVALID' }, wrong)
  assert.throws(() => hubIpRange('192.0.2.1'), { message: /write 192\.0\.2\.1\/32/ })
})

function cdnRegion(field: string): JsonSchema | undefined {
  return operation('PUT /api/buckets/{namespace}/{repo}/settings').bodySchema?.properties?.cdnRegions?.items
    ?.properties?.[field]
}

function wordsOf(schema: JsonSchema | undefined): string[] {
  if (schema?.anyOf !== undefined) return schema.anyOf.flatMap(wordsOf)
  if (typeof schema?.const === 'string') return [schema.const]
  return (schema?.enum ?? []) as string[]
}

/** The paths of all fields with their types; `!` where one is required. Words count as text: the client is open to new ones. */
function shapeOf(schema: JsonSchema, path = ''): string[] {
  if (schema.items !== undefined) return [`${path}[]`, ...shapeOf(schema.items, `${path}[]`)]
  if (schema.properties === undefined)
    return [...new Set(typesOf(schema))].toSorted().map(type => `${path}: ${type}`)
  return Object.entries(schema.properties)
    .flatMap(([name, property]) => {
      const field = `${path}.${name}`
      const isRequired = schema.required?.includes(name) ?? false
      return [isRequired ? `${field}!` : field, ...shapeOf(property, field)]
    })
    .toSorted()
}

function typesOf(schema: JsonSchema): string[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(typesOf)
  if ('const' in schema) return [typeof schema.const === 'string' ? 'string' : 'boolean']
  if (schema.enum !== undefined) return ['string']
  return [schema.type ?? 'any'].flat()
}

function withNewFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNewFields)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([name, field]) => [name, withNewFields(field)])
  return { ...Object.fromEntries(fields), addedByTheHub: { later: [1] } }
}
