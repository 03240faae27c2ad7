import { type MmdbOptions, type MmdbValue, whole } from './encode.ts'

/** Records as MaxMind and the others write them, all invented, for networks that are kept for documentation. */

const NETWORK = '203.0.113.0/24'
const NETWORK_6 = '2001:db8:1::/48'

const both = (record: MmdbValue): Record<string, MmdbValue> => ({ [NETWORK]: record, [NETWORK_6]: record })

const PLACE = {
  continent: { code: 'EU', names: { en: 'Europe' } },
  postal: { code: '10115' },
  subdivisions: [
    { iso_code: 'BE', names: { en: 'Exampleland' } },
    { iso_code: 'X', names: {} },
  ],
  city: { geoname_id: whole(1), names: { de: 'Beispielstadt', en: 'Exampleton' } },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  location: { accuracy_radius: whole(20), latitude: 52.5, longitude: 13.25, time_zone: 'Europe/Berlin' },
  registered_country: { iso_code: 'FR', names: { en: 'France' } },
}

const SYSTEM = {
  autonomous_system_number: whole(64496),
  autonomous_system_organization: 'Example Networks',
}

export const INVENTED = {
  city: { type: 'GeoLite2-City', networks: both(PLACE) },
  country: {
    type: 'GeoIP2-Country',
    networks: both({ country: PLACE.country, registered_country: PLACE.registered_country }),
  },
  asn: { type: 'GeoLite2-ASN', networks: both(SYSTEM) },
  isp: { type: 'GeoIP2-ISP', networks: both({ ...SYSTEM, isp: 'Example ISP', organization: 'Example Org' }) },
  connectionType: { type: 'GeoIP2-Connection-Type', networks: both({ connection_type: 'Cable/DSL' }) },
  enterprise: {
    type: 'GeoIP2-Enterprise',
    networks: both({
      ...PLACE,
      traits: { ...SYSTEM, isp: 'Example ISP', connection_type: 'Corporate', user_type: 'business' },
    }),
  },
  dbipCity: {
    type: 'DBIP-City-Lite',
    networks: both({
      city: { names: { en: 'Exampleton' } },
      country: { iso_code: 'DE', is_in_european_union: true },
      location: { latitude: 52.5, longitude: 13.25 },
    }),
  },
  dbipAsn: { type: 'DBIP-ASN-Lite (compat=GeoLite2-ASN)', networks: both(SYSTEM) },
  dbipEnterprise: {
    type: 'DBIP-Location-ISP (compat=Enterprise)',
    networks: both({ ...PLACE, traits: { ...SYSTEM, isp: 'Example ISP', user_type: 'residential' } }),
  },
  flatCity: {
    type: 'city ipvAll',
    networks: both({
      city: 'Exampleton',
      country_code: 'DE',
      latitude: 52.5,
      longitude: 13.25,
      state1: 'Exampleland',
    }),
  },
  flatCountry: { type: 'country ipvAll', networks: both({ country_code: 'DE' }) },
  flatAsn: { type: 'asn ipvAll', networks: both(SYSTEM) },
  ipinfo: {
    type: 'ipinfo generic_country_asn_free.mmdb',
    networks: both({ country: 'DE', asn: 'AS64496', as_name: 'Example Networks', as_domain: 'example.org' }),
  },
} as const satisfies Record<string, MmdbOptions>

export type InventedName = keyof typeof INVENTED
