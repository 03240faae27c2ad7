import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue, lookup, unknownType } from '../../src/event/catalogue.ts'

const openApi = JSON.parse(
  readFileSync(new URL('../fixtures/hub-openapi-excerpt.json', import.meta.url), 'utf8'),
)
const documentedTypes: string[] =
  openApi.paths['/api/organizations/{name}/audit-log/export'].get.responses['200'].content['application/json']
    .schema.items.properties.type.enum

test('the catalogue has 121 types, among them all that the Hub documents', () => {
  assert.equal(catalogue().size, 121)
  assert.equal(documentedTypes.length, 116)
  assert.deepEqual(
    documentedTypes.filter(type => lookup(type) === undefined),
    [],
  )
})

test('every entry of the catalogue is whole, and scope and action are what the type says', () => {
  for (const [type, entry] of catalogue()) {
    const assumed = unknownType(type)
    assert.equal(entry.type, type)
    assert.equal(entry.scope, assumed.scope)
    assert.equal(entry.action, assumed.action)
    assert.ok(['INFO', 'WARN', 'ERROR'].includes(entry.severity), type)
    assert.equal(typeof entry.readOnly, 'boolean')
    assert.ok(entry.resource !== '' && entry.description !== '', type)
    assert.ok(Number.isInteger(entry.ocsf.class_uid) && Number.isInteger(entry.ocsf.activity_id), type)
    assert.ok(entry.ocsf.class_name !== '' && entry.ocsf.activity_name !== '', type)
  }
})

test('nothing is assumed of an unknown type but what its name says', () => {
  assert.deepEqual(unknownType('repo.later.invented'), {
    type: 'repo.later.invented',
    scope: 'repo',
    action: 'later.invented',
    description: '',
    resource: '',
    readOnly: false,
    severity: 'INFO',
    ocsf: { class_uid: 6003, class_name: 'API Activity', activity_id: 99, activity_name: 'Other' },
  })
  assert.deepEqual([unknownType('nodot').scope, unknownType('nodot').action], ['nodot', ''])
  assert.deepEqual([unknownType('.x').scope, unknownType('.x').action], ['', 'x'])
  for (const type of ['toString', '__proto__', 'constructor', '']) assert.equal(lookup(type), undefined)
})
