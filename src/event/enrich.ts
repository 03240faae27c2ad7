import type { ClientNetwork } from './client-network.ts'
import { commonGeoValues, type GeoValues } from './geo-values.ts'
import type { AuditRecord, Enrichment } from './records.ts'

/** A database, as its own metadata tells it. */
export interface GeoDatabaseInfo {
  /** `database_type`: `GeoLite2-City`, `DBIP-ASN-Lite (compat=GeoLite2-ASN)`. */
  readonly type: string
  readonly builtAtMs: number
}

/** What a database holds of a network. */
export interface GeoAnswer {
  readonly database: GeoDatabaseInfo
  /** The distinct records of the network's parts, null for a part that the database does not know. */
  readonly parts: Iterable<unknown>
}

/** The nine columns that the databases fill. */
export type SourceColumns = Pick<
  AuditRecord,
  | 'srcASCountryCode'
  | 'srcASNumber'
  | 'srcASOrganization'
  | 'srcCity'
  | 'srcConnectionType'
  | 'srcISP'
  | 'srcLatitude'
  | 'srcLongitude'
  | 'srcUserType'
>

/** What is known of one address. */
export interface AddressEnrichment {
  readonly columns: SourceColumns
  readonly enrichments: readonly Enrichment[]
}

export const NO_ENRICHMENT: AddressEnrichment = {
  columns: {
    srcASCountryCode: null,
    srcASNumber: null,
    srcASOrganization: null,
    srcCity: null,
    srcConnectionType: null,
    srcISP: null,
    srcLatitude: null,
    srcLongitude: null,
    srcUserType: null,
  },
  enrichments: [],
}

export type GeoKind = 'enterprise' | 'city' | 'country' | 'ASN' | 'ISP' | 'connection type'

/** In this order: `GeoIP2-City-…` is a city, `DBIP-Location-ISP (compat=Enterprise)` gives what Enterprise gives. */
const KINDS: readonly (readonly [RegExp, GeoKind])[] = [
  [/enterprise/i, 'enterprise'],
  [/connection[-_ ]?type/i, 'connection type'],
  [/(?<![a-z])asn(?![a-z])/i, 'ASN'],
  [/city|location/i, 'city'],
  [/(?<![a-z])isp(?![a-z])/i, 'ISP'],
  [/country/i, 'country'],
]

/** What a database is called in `enrichments`; undefined for a type that says nothing known. */
export function geoKind(type: string): GeoKind | undefined {
  const compatible = /\(compat=([^)]+)\)/i.exec(type)?.[1]
  return KINDS.find(([pattern]) => pattern.test(compatible ?? type))?.[1]
}

function providerOf(type: string): string {
  if (/^(geoip|geolite)/i.test(type)) return 'MaxMind'
  if (/^dbip/i.test(type)) return 'DB-IP'
  if (/^ipinfo/i.test(type)) return 'IPinfo'
  return /^(country|city|asn) ipv(all|4|6)$/i.test(type) ? 'ip-location-db' : ''
}

/** Avro's `int` has 31 bits for it; a larger number is in `enrichments`. */
const LARGEST_INT = 0x7fff_ffff

/**
 * Columns and `enrichments` from what the databases hold of a network. Of values that belong together (number and name
 * of the autonomous system; city and coordinates) all come from one database: the first that has all of them, else the
 * first that has any.
 */
export function addressEnrichment(network: ClientNetwork, answers: readonly GeoAnswer[]): AddressEnrichment {
  const found = answers
    .map(({ database, parts }) => ({ database, values: commonGeoValues(parts) }))
    .filter(({ values }) => Object.keys(values).length > 0)
  if (found.length === 0) return NO_ENRICHMENT
  const all = found.map(({ values }) => values)
  const system = best(all, ['asNumber', 'asOrganization'])
  const place = best(all, ['city', 'latitude', 'longitude'])
  const { asNumber } = system
  return {
    columns: {
      // No database tells the country of an autonomous system: it is that of the network.
      srcASCountryCode: best(all, ['countryCode']).countryCode ?? null,
      srcASNumber: asNumber === undefined || asNumber > LARGEST_INT ? null : asNumber,
      srcASOrganization: system.asOrganization ?? null,
      srcCity: place.city ?? null,
      srcConnectionType: best(all, ['connectionType']).connectionType ?? null,
      srcISP: best(all, ['isp']).isp ?? null,
      srcLatitude: place.latitude ?? null,
      srcLongitude: place.longitude ?? null,
      srcUserType: best(all, ['userType']).userType ?? null,
    },
    enrichments: found.map(({ database, values }) => enrichmentOf(network, database, values)),
  }
}

function best(all: readonly GeoValues[], names: readonly (keyof GeoValues)[]): GeoValues {
  return (
    all.find(values => names.every(name => values[name] !== undefined)) ??
    all.find(values => names.some(name => values[name] !== undefined)) ??
    {}
  )
}

function enrichmentOf(network: ClientNetwork, database: GeoDatabaseInfo, values: GeoValues): Enrichment {
  const isHost = network.prefixLength === network.bytes.length * 8
  const data: Record<string, string> = {
    database: database.type,
    databaseBuilt: builtText(database.builtAtMs),
    precision: isHost ? 'host' : 'network',
  }
  for (const [name, value] of Object.entries(values)) data[name] = String(value)
  const kind = geoKind(database.type)
  return {
    data,
    name: kind === undefined ? 'geo' : `geo ${kind}`,
    provider: providerOf(database.type),
    type: 'ip',
    value: network.text,
  }
}

function builtText(epochMs: number): string {
  return Math.abs(epochMs) <= 8.64e15 ? new Date(epochMs).toISOString().slice(0, 10) : ''
}
