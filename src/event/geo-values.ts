/** What a geo database may say of a network, as far as a column or a reader of `enrichments` wants it. */
export interface GeoValues {
  readonly continentCode?: string
  readonly countryCode?: string
  readonly registeredCountryCode?: string
  /** ISO 3166-2: the largest division that it knows, `DE-BE`. */
  readonly regionCode?: string
  readonly postalCode?: string
  readonly city?: string
  /** Degrees. */
  readonly latitude?: number
  readonly longitude?: number
  readonly accuracyRadiusKm?: number
  readonly asNumber?: number
  readonly asOrganization?: string
  readonly isp?: string
  readonly connectionType?: string
  readonly userType?: string
}

/** Names of cities and organizations are no longer than this; what is longer is not taken. */
const MAX_NAME_CHARACTERS = 255
const MAX_WORD_CHARACTERS = 64
const MAX_AS_NUMBER = 0xffff_ffff

/**
 * Takes from a database's record what is of its right type, and leaves out the rest. Nested as MaxMind and DB-IP write
 * it (https://dev.maxmind.com/geoip/docs/databases), or flat as ip-location-db and IPinfo do.
 */
export function readGeoValues(record: unknown): GeoValues {
  const root = objectOf(record)
  const traits = objectOf(root.traits)
  const location = objectOf(root.location)
  const asn = objectOf(root.asn)
  const latitude = degrees(location.latitude ?? root.latitude ?? root.lat, 90)
  const longitude = degrees(location.longitude ?? root.longitude ?? root.lng, 180)
  const both = latitude !== undefined && longitude !== undefined
  const country = countryCode(objectOf(root.country).iso_code ?? root.country_code ?? root.country)
  const values = {
    continentCode: continentCode(objectOf(root.continent).code ?? root.continent),
    countryCode: country,
    registeredCountryCode: countryCode(objectOf(root.registered_country).iso_code),
    regionCode: regionCode(country, firstOf(root.subdivisions).iso_code),
    postalCode: word(objectOf(root.postal).code ?? root.postcode),
    city: localName(objectOf(root.city).names) ?? name(root.city),
    latitude: both ? latitude : undefined,
    longitude: both ? longitude : undefined,
    accuracyRadiusKm: both ? radius(location.accuracy_radius) : undefined,
    asNumber: asNumber(
      root.autonomous_system_number ?? traits.autonomous_system_number ?? asn.number ?? root.asn,
    ),
    asOrganization: name(
      root.autonomous_system_organization ?? traits.autonomous_system_organization ?? root.as_name,
    ),
    isp: name(root.isp ?? traits.isp),
    connectionType: word(root.connection_type ?? traits.connection_type),
    userType: word(traits.user_type ?? root.user_type),
  }
  return withoutUndefined(values)
}

/**
 * What holds for a whole network of which each part has a record of its own (null: none): the values that are the same
 * in every part.
 */
export function commonGeoValues(parts: Iterable<unknown>): GeoValues {
  let common: Record<string, string | number> | undefined
  for (const part of parts) {
    const values = valuesOf(part) as Record<string, string | number>
    if (common === undefined) {
      common = { ...values }
      continue
    }
    for (const key of Object.keys(common)) if (common[key] !== values[key]) delete common[key]
  }
  const { latitude, longitude, accuracyRadiusKm, ...rest } = (common ?? {}) as GeoValues
  if (latitude === undefined || longitude === undefined) return rest
  return withoutUndefined({ ...rest, latitude, longitude, accuracyRadiusKm })
}

/** A database hands out the same record for many networks. */
const known = new WeakMap<object, GeoValues>()

function valuesOf(record: unknown): GeoValues {
  if (typeof record !== 'object' || record === null) return {}
  let values = known.get(record)
  if (values === undefined) {
    values = readGeoValues(record)
    known.set(record, values)
  }
  return values
}

function withoutUndefined(values: { readonly [K in keyof GeoValues]: GeoValues[K] | undefined }): GeoValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

const EMPTY: Readonly<Record<string, unknown>> = {}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : EMPTY
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARACTERS ? value : undefined
}

/** A word of a short list, such as `Cable/DSL`. */
function word(value: unknown): string | undefined {
  const text = name(value)
  return text !== undefined && text.length <= MAX_WORD_CHARACTERS ? text : undefined
}

/** English, else the first language there is. */
function localName(names: unknown): string | undefined {
  const texts = objectOf(names)
  return (
    name(texts.en) ??
    Object.values(texts)
      .map(name)
      .find(text => text !== undefined)
  )
}

function countryCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? value : undefined
}

function continentCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^(?:AF|AN|AS|EU|NA|OC|SA)$/.test(value) ? value : undefined
}

/** Databases give the part after the country's code; https://www.iso.org/iso-3166-country-codes.html */
function regionCode(country: string | undefined, value: unknown): string | undefined {
  const isPart = country !== undefined && typeof value === 'string' && /^[A-Z0-9]{1,3}$/.test(value)
  return isPart ? `${country}-${value}` : undefined
}

function firstOf(value: unknown): Readonly<Record<string, unknown>> {
  return Array.isArray(value) ? objectOf(value[0]) : EMPTY
}

function degrees(value: unknown, most: number): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Math.abs(number) <= most ? number : undefined
}

function radius(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** Also as `AS64496`. */
function asNumber(value: unknown): number | undefined {
  const text = typeof value === 'string' ? /^(?:AS)?(\d{1,10})$/i.exec(value)?.[1] : value
  const number = text === undefined || typeof text === 'object' ? Number.NaN : Number(text)
  return Number.isInteger(number) && number > 0 && number <= MAX_AS_NUMBER ? number : undefined
}
