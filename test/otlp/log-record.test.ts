import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeverityNumber } from '@opentelemetry/api'
import fc from 'fast-check'
import { createEncoder } from '../../src/otlp/encode.ts'
import { toLogRecord } from '../../src/otlp/log-record.ts'
import { otlpResource } from '../../src/otlp/resource.ts'
import type { JournalEntry } from '../../src/ports.ts'
import { decodeExportRequest } from './support/decode.ts'
import { anyEntry, auditRecord, eventEntry, finding, ledgerEntry } from './support/entries.ts'

const entryOf = (stream: string, record: object) =>
  ({ stream, organization: 'acme', position: 'row 1', record }) as JournalEntry

test('an event, column by column', () => {
  const record = auditRecord(7)
  assert.deepEqual(toLogRecord(eventEntry(7)), {
    eventName: 'huggingface.audit.repo.create',
    body: 'made é 7',
    timestamp: [1_786_958_142, 123_000_000],
    observedTimestamp: [1_786_958_200, 0],
    severityNumber: SeverityNumber.INFO,
    severityText: 'INFO',
    attributes: {
      'log.record.uid': record.id,
      'log.record.original': record.rawLog,
      'client.address': '203.0.113.7',
      'user.id': '62f264b9f3c90f4b6514a269',
      'user.name': 'jdoe',
      'user_agent.original': 'curl/8',
      'geo.locality.name': 'Paris',
      'geo.country.iso_code': 'FR',
      'geo.location.lat': 48.5,
      'geo.location.lon': 2,
      'huggingface.audit.organization': 'acme',
      'huggingface.audit.sequence': 7,
      'huggingface.audit.chain_hash': '07'.repeat(32),
      'huggingface.audit.type': 'repo.create',
      'huggingface.audit.event_id': record.eventID,
      'huggingface.audit.source_id': record.sourceID,
      'huggingface.audit.source_ttl': 30,
      'huggingface.audit.workspace_id': 'security',
      'huggingface.audit.read_only': false,
      'huggingface.audit.ocsf_class_uid': 6003,
      'huggingface.audit.ocsf_activity_id': 1,
      'huggingface.audit.author_type': 'user',
      'huggingface.audit.author_deleted': true,
      'huggingface.audit.author_avatar_url': '/avatars/x.svg',
      'huggingface.audit.location_formatted': 'Paris, FR',
      'huggingface.audit.location_country': 'FR',
      'huggingface.audit.location_city': 'Paris',
      'huggingface.audit.token_type': 'access_token',
      'huggingface.audit.token_id': 'token-1',
      'huggingface.audit.token_role': 'write',
      'huggingface.audit.token_last4': 'wxyz',
      'huggingface.audit.token_deleted': false,
      'huggingface.audit.oauth_client_id': 'client-1',
      'huggingface.audit.oauth_name': 'An App',
      'huggingface.audit.src_as_country_code': 'FR',
      'huggingface.audit.src_as_number': 64_500,
      'huggingface.audit.src_as_organization': 'Example Net',
      'huggingface.audit.src_connection_type': 'Corporate',
      'huggingface.audit.src_isp': 'Example ISP',
      'huggingface.audit.src_user_type': 'business',
      'huggingface.audit.tags': record.tags,
      'huggingface.audit.resources': record.resources,
      'huggingface.audit.enrichments': record.enrichments,
    },
  })
})

test('what is absent is left out, what is empty stays empty', () => {
  const nothing = Object.fromEntries(
    Object.entries(auditRecord()).map(([column, value]) => [
      column,
      /^(src|dst|actorIP|location|token|oauth|userAgent|authorDeleted|data)/.test(column) ? null : value,
    ]),
  )
  const absent = { authorID: '', authorUser: '', authorType: '', workspaceID: '', rawLog: '', sourceTTL: 0 }
  const bare = { ...nothing, ...absent, message: '', actor: {}, tags: {}, resources: [], enrichments: [] }
  const { attributes = {}, body } = toLogRecord(entryOf('events', bare))
  assert.equal(body, '')
  assert.deepEqual(Object.keys(attributes).toSorted(), [
    'huggingface.audit.chain_hash',
    'huggingface.audit.event_id',
    'huggingface.audit.ocsf_activity_id',
    'huggingface.audit.ocsf_class_uid',
    'huggingface.audit.organization',
    'huggingface.audit.read_only',
    'huggingface.audit.sequence',
    'huggingface.audit.source_id',
    'huggingface.audit.type',
    'log.record.uid',
  ])
  const empty = toLogRecord(eventEntry(1, { userAgent: '', locationCity: '' })).attributes ?? {}
  assert.equal(empty['user_agent.original'], '')
  assert.equal(empty['huggingface.audit.location_city'], '')
})

test('a country is a code only when ISO 3166 assigns it', () => {
  const codeOf = (locationCountry: string | null, srcASCountryCode: string | null = null) =>
    toLogRecord(eventEntry(1, { locationCountry, srcASCountryCode })).attributes?.['geo.country.iso_code']
  for (const code of ['FR', 'US', 'GB', 'TW', 'ZW', 'AX']) assert.equal(codeOf(code), code)
  for (const text of ['France', 'fr', 'UK', 'XX', 'EU', 'FRA', '', 'F', null])
    assert.equal(codeOf(text), undefined)
  // What the databases say of the address comes first: the coordinates are theirs too.
  assert.equal(codeOf('FR', 'DE'), 'DE')
  assert.equal(codeOf(null, 'DE'), 'DE')
  assert.equal(codeOf('FR', 'XK'), undefined)
})

test('of an address that databases know: continent, region and postal code, where they agree on the country', () => {
  const enrichment = (data: Record<string, string>) => ({
    data,
    name: 'geo city',
    provider: 'MaxMind',
    type: 'ip',
    value: '203.0.113.0/24',
  })
  const geoOf = (...data: Record<string, string>[]) =>
    Object.fromEntries(
      Object.entries(
        toLogRecord(eventEntry(1, { srcASCountryCode: 'DE', enrichments: data.map(enrichment) }))
          .attributes ?? {},
      ).filter(([name]) => /^geo\.(continent|region|postal)/.test(name)),
    )
  assert.deepEqual(
    geoOf(
      { countryCode: 'FR', continentCode: 'AF', regionCode: 'FR-75', postalCode: '75001' },
      { countryCode: 'DE', continentCode: 'EU' },
      { countryCode: 'DE', continentCode: 'AS', regionCode: 'DE-BE', postalCode: '10115' },
    ),
    { 'geo.continent.code': 'EU', 'geo.region.iso_code': 'DE-BE', 'geo.postal_code': '10115' },
  )
  assert.deepEqual(geoOf({ asNumber: '64496' }), {})
})

const times: [string, number, [number, number], string | undefined][] = [
  ['1970', 0, [0, 0], undefined],
  ['just after 1970', 5, [0, 5_000_000], undefined],
  ['before 1970', -1, [0, 0], '1969-12-31T23:59:59.999Z'],
  ['the last that fits', 18_446_744_073_709, [18_446_744_073, 709_000_000], undefined],
  ['the year 9999', 253_402_300_799_999, [0, 0], '9999-12-31T23:59:59.999Z'],
]
for (const [when, eventTime, timestamp, text] of times) {
  test(`time: ${when}`, () => {
    const entry = eventEntry(1, { eventTime })
    const record = toLogRecord(entry)
    assert.deepEqual(record.timestamp, timestamp)
    assert.equal(record.attributes?.['huggingface.audit.event_time'], text)
    const [sent] = decodeExportRequest(createEncoder(otlpResource('1'), '1').encode([entry])).records
    assert.equal(sent!.timeNanos, BigInt(timestamp[0]) * 1_000_000_000n + BigInt(timestamp[1]))
  })
}

test('whole numbers beyond 2^53 are texts', () => {
  const attributes = toLogRecord(
    entryOf('ledger', { ...ledgerEntry, sequence: 2 ** 60, fetched: 2 ** 53 }),
  ).attributes
  assert.equal(attributes?.['huggingface.audit.sequence'], '1152921504606846976')
  assert.equal(attributes?.['huggingface.audit.poll.fetched'], '9007199254740992')
})

test('a finding', () => {
  const record = toLogRecord(entryOf('findings', finding))
  assert.equal(record.eventName, 'hf_audit.finding.vanished')
  assert.deepEqual([record.severityNumber, record.severityText, record.body], [13, 'WARN', finding.message])
  assert.deepEqual(record.attributes, {
    'log.record.uid': 'f6881726-7be5-5e89-9399-03ba462d1416',
    'huggingface.audit.organization': 'acme',
    'huggingface.audit.endpoint': 'https://hub.example',
    'huggingface.audit.sequence': 41,
    'huggingface.audit.finding.count': 2,
    'huggingface.audit.finding.ids': ['a', 'b'],
    'huggingface.audit.finding.newest_published_at': '2026-08-17T09:15:42.123Z',
  })
})

test('a ledger entry', () => {
  const record = toLogRecord(entryOf('ledger', ledgerEntry))
  assert.equal(record.eventName, 'hf_audit.poll')
  assert.equal(record.severityNumber, 9)
  assert.equal(
    record.body,
    'poll of acme: 10 fetched = 4 published + 3 already seen + 1 filtered + 1 dead-lettered + 1 repeated',
  )
  assert.equal(record.attributes?.['huggingface.audit.anchor'], ledgerEntry.anchor)
  assert.equal(record.attributes?.['huggingface.audit.poll.started_at'], '2026-08-17T09:16:39.000Z')
  assert.equal(record.attributes?.['huggingface.audit.poll.newest_created_at'], undefined)
})

test('each entry has one uid, the same whenever it is mapped, and others have others', () => {
  const uidOf = (stream: string, record: object) =>
    toLogRecord(entryOf(stream, record)).attributes?.['log.record.uid']
  const uids = [
    uidOf('findings', finding),
    uidOf('findings', { ...finding, kind: 'CHANGED' }),
    uidOf('findings', { ...finding, foundAt: finding.foundAt + 1 }),
    uidOf('findings', { ...finding, ids: ['a', 'c'] }),
    uidOf('findings', { ...finding, organization: 'other' }),
    uidOf('ledger', ledgerEntry),
    uidOf('ledger', { ...ledgerEntry, finishedAt: ledgerEntry.finishedAt + 1 }),
    uidOf('ledger', { ...ledgerEntry, endpoint: 'https://other.example' }),
  ]
  assert.equal(new Set(uids).size, uids.length)
  assert.equal(uidOf('findings', structuredClone(finding)), uids[0])
  const unforwarded = { ...finding, kind: 'UNFORWARDED' as const }
  assert.equal(
    uidOf('findings', { ...unforwarded, foundAt: finding.foundAt + 1 }),
    uidOf('findings', unforwarded),
    'a loss that is told again is known by its range',
  )
  assert.notEqual(
    uidOf('findings', { ...unforwarded, message: 'another range' }),
    uidOf('findings', unforwarded),
  )
  // Kept for ever: a receiver deduplicates over restarts and versions.
  assert.equal(uids[0], 'f6881726-7be5-5e89-9399-03ba462d1416')
  assert.equal(uids[5], '0c894976-c827-5871-b8d3-76afc1bcdf66')
})

test('any entry is mapped, and what is sent is what was mapped', () => {
  const { encode } = createEncoder(otlpResource('1'), '1')
  fc.assert(
    fc.property(anyEntry, entry => {
      const mapped = toLogRecord(entry)
      const [sent] = decodeExportRequest(encode([entry])).records
      assert.equal(sent!.eventName, mapped.eventName)
      assert.deepEqual(sent!.body, { string: mapped.body })
      assert.deepEqual(
        [...sent!.attributes.keys()].toSorted(),
        Object.keys(mapped.attributes ?? {}).toSorted(),
      )
      assert.equal(sent!.dropped, 0)
      for (const value of sent!.attributes.values()) assert.ok(!('none' in value))
    }),
  )
})
