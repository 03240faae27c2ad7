import { Reader, type Response } from 'maxmind'
import { lru } from 'tiny-lru'
import { addressText, type ClientNetwork } from '../event/client-network.ts'
import type { GeoDatabaseInfo } from '../event/enrich.ts'

/** A database in memory. */
export interface GeoDatabase {
  readonly info: GeoDatabaseInfo
  /** The whole file. */
  readonly bytes: number
  /**
   * The distinct records of a network's parts, null for a part without one; undefined where they are too many to look
   * at. Throws where the database is damaged.
   */
  lookup(network: ClientNetwork): ReadonlySet<unknown> | undefined
}

/** A /24 has at most 256 parts. What is cut into more says nothing about the whole. */
const MAX_PARTS = 1_024
const CACHED_RECORDS = 1_000
const MAX_TYPE_CHARACTERS = 100
const SEPARATOR_BYTES = 16

/** Throws an error that says for a person what is wrong with the bytes. */
export function readGeoDatabase(bytes: Buffer): GeoDatabase {
  const reader = openReader(bytes)
  const { metadata } = reader
  const isIPv4Only = metadata.ipVersion === 4
  const database: GeoDatabase = {
    bytes: bytes.length,
    info: {
      type: metadata.databaseType.slice(0, MAX_TYPE_CHARACTERS),
      builtAtMs: metadata.buildEpoch.getTime(),
    },
    lookup(network) {
      // The reader would take the first four bytes of an IPv6 address for one of IPv4.
      if (isIPv4Only && network.bytes.length === 16) return new Set([null])
      return recordsOf(reader, network)
    },
  }
  tryOut(database)
  return database
}

function openReader(bytes: Buffer): Reader<Response> {
  if (bytes.length === 0) throw new Error('is empty')
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Error('is compressed with gzip; unpack it and name the .mmdb file that is in it')
  }
  let reader: Reader<Response>
  try {
    reader = new Reader<Response>(bytes, { cache: lru(CACHED_RECORDS) })
  } catch (error) {
    throw new Error('is not a complete database in MaxMind’s format (.mmdb)', { cause: error })
  }
  const { metadata } = reader
  if (!isPlausible(metadata)) throw new Error('is not a complete database in MaxMind’s format (.mmdb)')
  if (metadata.binaryFormatMajorVersion !== 2) {
    throw new Error(`is of version ${metadata.binaryFormatMajorVersion} of MaxMind’s format; 2 is known`)
  }
  if (metadata.searchTreeSize + SEPARATOR_BYTES > bytes.length) {
    throw new Error('is cut off: its metadata tells of more than there is')
  }
  return reader
}

function isPlausible({
  databaseType,
  nodeCount,
  ipVersion,
  buildEpoch,
}: Reader<Response>['metadata']): boolean {
  return (
    typeof databaseType === 'string' &&
    Number.isSafeInteger(nodeCount) &&
    nodeCount > 0 &&
    ((ipVersion as number) === 4 || (ipVersion as number) === 6) &&
    buildEpoch instanceof Date
  )
}

/** A file that was being written when it was read is noticed here more often than later. */
function tryOut(database: GeoDatabase): void {
  try {
    for (let first = 1; first < 224; first += 1) {
      database.lookup({ bytes: Uint8Array.of(first, 1, 1, 1), prefixLength: 32, text: '' })
    }
  } catch (error) {
    throw new Error('is damaged: some of its records cannot be read', { cause: error })
  }
}

function recordsOf(reader: Reader<Response>, network: ClientNetwork): Set<unknown> | undefined {
  const records = new Set<unknown>()
  const at = network.bytes.slice()
  for (let part = 0; part < MAX_PARTS; part += 1) {
    const [record, prefixLength] = reader.getWithPrefixLength(addressText(at))
    records.add(record)
    if (prefixLength <= network.prefixLength || !advance(at, prefixLength, network.prefixLength))
      return records
  }
  return undefined
}

/** Moves to the part after one of that length; false when that is outside of the network. */
function advance(address: Uint8Array, partLength: number, networkLength: number): boolean {
  for (let bit = partLength - 1; bit >= networkLength; bit -= 1) {
    const mask = 0x80 >> (bit & 7)
    const index = bit >> 3
    if ((address[index]! & mask) === 0) {
      address[index]! |= mask
      return true
    }
    address[index]! &= ~mask
  }
  return false
}
