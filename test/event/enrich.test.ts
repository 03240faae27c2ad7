import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientNetwork } from '../../src/event/client-network.ts'
import { addressEnrichment, geoKind, NO_ENRICHMENT } from '../../src/event/enrich.ts'
import { commonGeoValues, readGeoValues } from '../../src/event/geo-values.ts'

const network = clientNetwork('203.0.113.0')!
const builtAtMs = Date.UTC(2026, 7, 1)
const answer = (type: string, ...parts: unknown[]) => ({ database: { type, builtAtMs }, parts })

test('the kind of a database is read from its type, of every maker', () => {
  const kinds: Record<string, string | undefined> = {
    'GeoLite2-City': 'city',
    'GeoIP2-City-North-America': 'city',
    'GeoIP2-City-Shield': 'city',
    'GeoIP2-Precision-City': 'city',
    'GeoLite2-ASN': 'ASN',
    'GeoIP2-ISP': 'ISP',
    'GeoIP2-Precision-ISP': 'ISP',
    'GeoIP2-Connection-Type': 'connection type',
    'GeoIP2-Enterprise': 'enterprise',
    'GeoIP-Enterprise-Redacted-US': 'enterprise',
    'GeoLite2-Country': 'country',
    'DBIP-City-Lite': 'city',
    'DBIP-Country-Lite': 'country',
    'DBIP-ASN-Lite': 'ASN',
    'DBIP-ASN-Lite (compat=GeoLite2-ASN)': 'ASN',
    'DBIP-Location (compat=City)': 'city',
    'DBIP-Location-ISP (compat=Enterprise)': 'enterprise',
    'DBIP-ISP (compat=Enterprise)': 'enterprise',
    'country ipvAll': 'country',
    'city ipv4': 'city',
    'asn ipv6': 'ASN',
    'ipinfo generic_country_asn_free.mmdb': 'ASN',
    'ipinfo standard_location.mmdb': 'city',
    'GeoIP2-Anonymous-IP': undefined,
    'GeoIP2-Domain': undefined,
    '': undefined,
  }
  for (const [type, kind] of Object.entries(kinds)) assert.equal(geoKind(type), kind, type)
})

test('a value is taken only where all parts of the network agree', () => {
  const here = {
    country: { iso_code: 'DE' },
    city: { names: { en: 'A' } },
    location: { latitude: 1, longitude: 2 },
  }
  const there = { ...here, city: { names: { en: 'B' } }, location: { latitude: 1, longitude: 3 } }
  assert.deepEqual(commonGeoValues([here, here]), { countryCode: 'DE', city: 'A', latitude: 1, longitude: 2 })
  // Half of a coordinate is none.
  assert.deepEqual(commonGeoValues([here, there]), { countryCode: 'DE' })
  assert.deepEqual(commonGeoValues([here, null]), {})
  assert.deepEqual(commonGeoValues([]), {})
  assert.equal(addressEnrichment(network, [answer('GeoLite2-City', here, null)]), NO_ENRICHMENT)
})

test('what belongs together comes from one database', () => {
  const number = answer('GeoLite2-ASN', { autonomous_system_number: 1 })
  const both = answer('GeoIP2-ISP', { autonomous_system_number: 2, autonomous_system_organization: 'Two' })
  const { columns } = addressEnrichment(network, [number, both])
  assert.deepEqual([columns.srcASNumber, columns.srcASOrganization], [2, 'Two'])
  const first = addressEnrichment(network, [
    answer('GeoLite2-City', { city: 'One' }),
    answer('city ipv4', { city: 'Two' }),
  ])
  assert.equal(first.columns.srcCity, 'One')
  assert.equal(first.enrichments.length, 2)
})

test('an AS number beyond 31 bits is in the enrichment, not in the column', () => {
  const { columns, enrichments } = addressEnrichment(network, [
    answer('GeoLite2-ASN', {
      autonomous_system_number: 4_200_000_000,
      autonomous_system_organization: 'Private',
    }),
  ])
  assert.deepEqual([columns.srcASNumber, columns.srcASOrganization], [null, 'Private'])
  assert.equal(enrichments[0]!.data.asNumber, '4200000000')
})

test('the country is where the network is, not where it is registered', () => {
  const record = { country: { iso_code: 'DE' }, registered_country: { iso_code: 'FR' } }
  const { columns, enrichments } = addressEnrichment(network, [answer('GeoLite2-Country', record)])
  assert.equal(columns.srcASCountryCode, 'DE')
  assert.equal(enrichments[0]!.data.registeredCountryCode, 'FR')
  const registered = { registered_country: { iso_code: 'FR' } }
  assert.equal(
    addressEnrichment(network, [answer('GeoIP2-Country', registered)]).columns.srcASCountryCode,
    null,
  )
})

test('values of a wrong type or size are left out', () => {
  assert.deepEqual(
    readGeoValues({
      city: { names: { en: 7, fr: '' } },
      country: { iso_code: 'Germany' },
      location: { latitude: 91, longitude: 13, accuracy_radius: 5 },
      isp: 'x'.repeat(256),
      connection_type: ['Cable'],
      autonomous_system_number: 2 ** 32,
      traits: 'none',
      continent: { code: 'Europe' },
      subdivisions: { iso_code: 'BE' },
      postal: { code: 10115 },
    }),
    {},
  )
  assert.deepEqual(readGeoValues({ lat: '52.5', lng: '13.25', asn: 'AS64496' }), {
    latitude: 52.5,
    longitude: 13.25,
    asNumber: 64496,
  })
  // A region is told by a code that holds its country's.
  assert.deepEqual(readGeoValues({ subdivisions: [{ iso_code: 'BE' }] }), {})
  assert.deepEqual(
    readGeoValues({ country: { iso_code: 'DE' }, subdivisions: [{ iso_code: 'Berlin' }, null] }),
    {
      countryCode: 'DE',
    },
  )
})

test('no record makes it fail, and columns hold what Avro takes', () => {
  const texts = fc.constantFrom(
    'city',
    'names',
    'en',
    'country',
    'iso_code',
    'location',
    'latitude',
    'longitude',
  )
  const others = fc.constantFrom(
    'traits',
    'isp',
    'asn',
    'autonomous_system_number',
    'connection_type',
    'user_type',
  )
  const record = fc.object({ key: fc.oneof(texts, others), withBigInt: true, withDate: true, maxDepth: 3 })
  fc.assert(
    fc.property(fc.array(fc.oneof(record, fc.anything()), { maxLength: 3 }), parts => {
      const { columns, enrichments } = addressEnrichment(network, [answer('GeoIP2-Enterprise', ...parts)])
      for (const [name, value] of Object.entries(columns)) {
        if (value === null) continue
        const isNumber = /Number|Latitude|Longitude/.test(name)
        assert.equal(typeof value, isNumber ? 'number' : 'string')
        if (isNumber) assert.ok(Number.isFinite(value))
      }
      for (const { data } of enrichments)
        for (const value of Object.values(data)) assert.equal(typeof value, 'string')
    }),
  )
})
