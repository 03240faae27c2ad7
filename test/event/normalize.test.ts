import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { v5 as uuidV5 } from 'uuid'
import { confluentHeader, decodeValue, encodeValue } from '../../src/event/avro.ts'
import { parseElement } from '../../src/event/hub-event.ts'
import { createNormalizer } from '../../src/event/normalize.ts'
import { anyJson, writeJson, writingStyle } from '../support/json-text.ts'

const organization = { name: 'renamed-org', identity: 'example-org', endpoint: 'https://huggingface.co' }
const normalize = createNormalizer({ organization, workspaceId: 'workspace', sourceTtlDays: 30 })
const place = {
  receivedAtMs: 1_800_000_000_000,
  sequence: 7,
  chainHash: Buffer.alloc(32, 1),
  ownUserId: 'own',
}

function recordOf(element: unknown, ownUserId: string | undefined = 'own') {
  return recordOfText(typeof element === 'string' ? element : JSON.stringify(element), ownUserId)
}

function recordOfText(text: string, ownUserId: string | undefined = 'own') {
  const parsed = parseElement({ bytes: Buffer.from(text) })
  assert.ok(parsed.kind === 'event')
  return normalize(parsed, { ...place, ownUserId })
}

const minimal = { _id: 'a1', createdAt: '2026-08-17T09:15:42.123Z', type: 'repo.create' }
const author = { _id: 'u1', user: 'example-user', avatarUrl: '/a.svg', type: 'user', deleted: false }
const full = {
  ...minimal,
  message: 'Created',
  author,
  data: { repo: 'example-org/model' },
  ip: '192.0.2.1',
  location: { formatted: 'Exampleton, XA', country: 'XA', city: 'Exampleton' },
  userAgent: 'agent',
  token: { type: 'access_token', id: 't1', role: 'write', last4: '0000', deleted: true },
  oauth: { clientId: 'c1', name: 'App' },
}

test('an event of three fields has every column', () => {
  const sourceID = uuidV5('https://huggingface.co/organizations/example-org', uuidV5.URL)
  const text = JSON.stringify(minimal)
  assert.deepEqual(recordOf(minimal), {
    workspaceID: 'workspace',
    sourceID,
    sourceType: 'huggingface',
    sourceTTL: 30,
    receivedAt: 1_800_000_000_000,
    id: uuidV5('a1', sourceID),
    eventTime: Date.UTC(2026, 7, 17, 9, 15, 42, 123),
    eventName: 'repo.create',
    eventID: 'a1',
    ...Object.fromEntries(
      ['src', 'dst'].flatMap(side =>
        ['IP', 'ASCountryCode', 'ASNumber', 'ASOrganization', 'City', 'ConnectionType', 'ISP', 'Latitude']
          .concat(['Longitude', 'UserType'])
          .map(name => [side + name, null]),
      ),
    ),
    actor: {},
    tags: {
      scope: 'repo',
      action: 'create',
      resource: 'repo',
      severity: 'INFO',
      ocsfClass: 'API Activity',
      ocsfClassUID: '6003',
      ocsfActivity: 'Create',
      ocsfActivityID: '1',
    },
    resources: [],
    serviceName: 'huggingface',
    enrichments: [],
    readOnly: false,
    rawLog: text,
    auditID: 'a1',
    eventType: 'repo.create',
    message: '',
    authorID: '',
    authorUser: '',
    authorType: '',
    actorIP: null,
    locationFormatted: null,
    locationCountry: null,
    locationCity: null,
    tokenType: null,
    tokenID: null,
    tokenRole: null,
    tokenLast4: null,
    tokenDeleted: null,
    organization: 'example-org',
    sequence: 7,
    chainHash: place.chainHash,
    userAgent: null,
    oauthClientID: null,
    oauthName: null,
    authorDeleted: null,
    data: null,
    severity: 'INFO',
    ocsfClassUID: 6003,
    ocsfActivityID: 1,
  })
})

test('a full event fills the columns it can fill', () => {
  const record = recordOf(full)
  const { srcIP, srcCity, actor, resources, message, authorID, authorUser, authorType, actorIP, data } =
    record
  assert.deepEqual(
    { srcIP, srcCity, actor, resources, message, authorID, authorUser, authorType, actorIP, data },
    {
      srcIP: '192.0.2.1',
      srcCity: 'Exampleton',
      actor: { id: 'u1', user: 'example-user', type: 'user', deleted: 'false', avatarUrl: '/a.svg' },
      resources: ['example-org/model'],
      message: 'Created',
      authorID: 'u1',
      authorUser: 'example-user',
      authorType: 'user',
      actorIP: '192.0.2.1',
      data: '{"repo":"example-org/model"}',
    },
  )
  const { locationFormatted, locationCountry, locationCity, tokenType, tokenID, tokenRole, tokenLast4 } =
    record
  assert.deepEqual(
    [locationFormatted, locationCountry, locationCity, tokenType, tokenID, tokenRole, tokenLast4],
    ['Exampleton, XA', 'XA', 'Exampleton', 'access_token', 't1', 'write', '0000'],
  )
  const { tokenDeleted, userAgent, oauthClientID, oauthName, authorDeleted } = record
  assert.deepEqual(
    [tokenDeleted, userAgent, oauthClientID, oauthName, authorDeleted],
    [true, 'agent', 'c1', 'App', false],
  )
  assert.equal(record.tags.malformed, undefined)
})

test('invariant 8: a known field of a wrong type is null or empty and named; null is absent', () => {
  const cases: [changed: object, malformed: string | undefined, expected: object][] = [
    [{ message: 7 }, 'message', { message: '' }],
    [{ author: 'someone' }, 'author', { authorID: '', authorUser: '', authorType: '', actor: {} }],
    [{ author: [] }, 'author', { authorID: '', actor: {} }],
    [
      { author: { ...author, deleted: 'yes' } },
      'author.deleted',
      { authorDeleted: null, authorUser: 'example-user' },
    ],
    [
      { author: { ...author, _id: 1, user: {} } },
      'author._id,author.user',
      { authorID: '', authorType: 'user' },
    ],
    [{ author: { ...author, avatarUrl: false } }, 'author.avatarUrl', { authorID: 'u1' }],
    [{ ip: ['192.0.2.1'] }, 'ip', { srcIP: null, actorIP: null }],
    [{ location: 'Paris' }, 'location', { locationFormatted: null, srcCity: null }],
    [{ location: { formatted: 'x', city: 7 } }, 'location.city', { locationFormatted: 'x', srcCity: null }],
    [{ userAgent: {} }, 'userAgent', { userAgent: null }],
    [{ token: true }, 'token', { tokenID: null }],
    [
      { token: { ...full.token, role: 1, deleted: 0 } },
      'token.role,token.deleted',
      { tokenRole: null, tokenID: 't1' },
    ],
    [{ oauth: { clientId: 7, name: 'App' } }, 'oauth.clientId', { oauthClientID: null, oauthName: 'App' }],
    [{ message: 1, oauth: 2 }, 'message,oauth', { message: '', oauthName: null }],
    [{ message: null, ip: null, userAgent: null }, undefined, { message: '', srcIP: null, userAgent: null }],
    [{ author: null, location: null, token: null, oauth: null }, undefined, { authorID: '', tokenID: null }],
    [
      { author: { ...author, deleted: null, user: null } },
      undefined,
      { authorDeleted: null, authorUser: '' },
    ],
    [{ data: null }, undefined, { data: null, resources: [] }],
    [{ author: { ...author, type: 'robot' } }, undefined, { authorType: 'robot' }],
    [
      { token: { ...full.token, role: 'god', type: 'x', later: {} } },
      undefined,
      { tokenRole: 'god', tokenType: 'x' },
    ],
    [{ later: { unknown: [] } }, undefined, {}],
  ]
  for (const [changed, malformed, expected] of cases) {
    const record = recordOf({ ...full, ...changed })
    assert.equal(record.tags.malformed, malformed, JSON.stringify(changed))
    assert.deepEqual({ ...record, ...expected }, record, JSON.stringify(changed))
  }
})

test('invariant 10: rawLog and data are exact', () => {
  const text = `{ "data" :{ "n": 9007199254740993,\t"s":"\\ud800é" } ,${JSON.stringify(minimal).slice(1)}`
  const record = recordOfText(text)
  assert.equal(record.rawLog, text)
  assert.equal(record.data, '{ "n": 9007199254740993,\t"s":"\\ud800é" }')
  assert.equal(recordOfText(text.replace('{ "data"', '{"data":1,"d\\u0061ta":[2], "data"')).data, record.data)
  for (const data of ['0', '""', 'false', '[]', '{}', '"x"', '1e400']) {
    assert.equal(recordOfText(`{"data":${data},${JSON.stringify(minimal).slice(1)}`).data, data)
  }
})

test('an unknown type is INFO, 6003/99, not read-only, and marked', () => {
  const record = recordOf({ ...minimal, type: 'later.invented.thing' })
  assert.deepEqual(
    [record.severity, record.ocsfClassUID, record.ocsfActivityID, record.readOnly],
    ['INFO', 6003, 99, false],
  )
  assert.deepEqual(record.tags, {
    scope: 'later',
    action: 'invented.thing',
    resource: '',
    severity: 'INFO',
    ocsfClass: 'API Activity',
    ocsfClassUID: '6003',
    ocsfActivity: 'Other',
    ocsfActivityID: '99',
    unknownType: 'true',
  })
})

test('our own export is marked, no other', () => {
  const exported = (id: unknown, type = 'org.audit_log.export') => ({
    ...minimal,
    type,
    author: { ...author, _id: id },
  })
  assert.equal(recordOf(exported('own')).tags.self, 'true')
  assert.equal(recordOf(exported('other')).tags.self, undefined)
  assert.equal(recordOf(exported('own', 'repo.create')).tags.self, undefined)
  assert.equal(recordOf({ ...minimal, type: 'org.audit_log.export' }, undefined).tags.self, undefined)
})

test('the id is the same on every redelivery, and hangs on the identity', () => {
  assert.equal(recordOf(minimal).id, recordOf({ ...full, message: 'rewritten' }).id)
  const other = createNormalizer({
    organization: { ...organization, identity: 'x' },
    workspaceId: '',
    sourceTtlDays: 0,
  })
  const parsed = parseElement({ bytes: Buffer.from(JSON.stringify(minimal)) })
  assert.ok(parsed.kind === 'event')
  assert.notEqual(other(parsed, place).id, recordOf(minimal).id)
})

test('an element with anything in any known field becomes a record that Avro takes', () => {
  const names = ['message', 'author', 'data', 'ip', 'location', 'userAgent', 'token', 'oauth', '__proto__']
  const inner = ['_id', 'user', 'avatarUrl', 'type', 'deleted', 'formatted', 'city', 'id', 'clientId', 'name']
  const part = fc.oneof(anyJson, fc.dictionary(fc.constantFrom(...inner), anyJson))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), part), writingStyle, (others, style) => {
      const text = writeJson({ ...others, ...minimal }, style).trim()
      const record = recordOfText(text)
      const back = decodeValue('events', encodeValue('events', confluentHeader(1), record))
      assert.equal(back.rawLog, text)
      assert.equal(back.id, recordOf(minimal).id)
    }),
    { numRuns: 200 },
  )
})
