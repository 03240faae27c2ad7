import { ConnectorError } from '../errors.ts'
import {
  isPoisonKey,
  poisonKey,
  type SeenEntry,
  type SeenState,
  sha256OfPoisonKey,
} from '../event/checkpoint.ts'

/*
 * A segment: one byte of version, then entries. An entry: flags (1), CRC (4), digest (6), createdAt in ms as a double
 * (8), first seen and absent since in epoch seconds (4 + 4), then the key: 12 bytes for an ObjectId, 32 for the SHA-256
 * of a dead letter, else a length (2) and UTF-8. Everything most significant byte first. 39 bytes for a usual event.
 */
const VERSION = 1
const FIXED_BYTES = 27

const STATES: readonly SeenState[] = ['published', 'filtered', 'dead-lettered']

const KEY_TEXT = 0
const KEY_OBJECT_ID = 1
const KEY_SHA256 = 2
const OBJECT_ID = /^[0-9a-f]{24}$/

export function encodeSegment(entries: readonly SeenEntry[]): Buffer {
  const keys = entries.map(({ key }) => encodeKey(key))
  const length = keys.reduce((sum, { bytes }) => sum + FIXED_BYTES + bytes.length, 1)
  const segment = Buffer.allocUnsafe(length)
  let offset = segment.writeUInt8(VERSION, 0)
  for (const [index, entry] of entries.entries()) {
    const { kind, bytes } = keys[index]!
    const flags =
      STATES.indexOf(entry.state) | (entry.missed << 2) | (entry.pairTold ? 0x10 : 0) | (kind << 5)
    offset = segment.writeUInt8(flags, offset)
    offset = segment.writeUInt32BE(entry.crc, offset)
    offset = segment.writeUIntBE(entry.digest, offset, 6)
    offset = segment.writeDoubleBE(entry.createdAtMs, offset)
    offset = segment.writeUInt32BE(entry.firstSeenSeconds, offset)
    offset = segment.writeUInt32BE(entry.absentSinceSeconds, offset)
    offset += bytes.copy(segment, offset)
  }
  return segment
}

function encodeKey(key: string): { kind: number; bytes: Buffer } {
  if (OBJECT_ID.test(key)) return { kind: KEY_OBJECT_ID, bytes: Buffer.from(key, 'hex') }
  // An id may begin with U+10000, whose first half looks like the mark of a dead letter; but an id is well-formed.
  if (isPoisonKey(key) && !key.isWellFormed()) return { kind: KEY_SHA256, bytes: sha256OfPoisonKey(key) }
  const utf8 = Buffer.from(key, 'utf8')
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16BE(utf8.length)
  return { kind: KEY_TEXT, bytes: Buffer.concat([length, utf8]) }
}

export function isNewerSegment(segment: Buffer): boolean {
  return (segment[0] ?? 0) > VERSION
}

/** Throws `JOURNAL_MISMATCH` for a segment of a newer version, or one that is not ours; `where` names it. */
export function decodeSegment(segment: Buffer, where: string): SeenEntry[] {
  const version = segment[0]
  if (version === undefined) throw unreadable(where)
  if (version > VERSION) {
    throw new ConnectorError(
      'JOURNAL_MISMATCH',
      `${where} has format ${version}, this release knows up to ${VERSION}: a newer release wrote it; run that ` +
        'release or a later one',
    )
  }
  const entries: SeenEntry[] = []
  try {
    let offset = 1
    while (offset < segment.length) {
      const flags = segment.readUInt8(offset)
      const key = decodeKey(segment, offset + FIXED_BYTES, flags >> 5)
      entries.push({
        key: key.text,
        state: STATES[flags & 3]!,
        missed: (flags >> 2) & 3,
        pairTold: (flags & 0x10) !== 0,
        crc: segment.readUInt32BE(offset + 1),
        digest: segment.readUIntBE(offset + 5, 6),
        createdAtMs: segment.readDoubleBE(offset + 11),
        firstSeenSeconds: segment.readUInt32BE(offset + 19),
        absentSinceSeconds: segment.readUInt32BE(offset + 23),
      })
      offset = key.end
    }
  } catch (cause) {
    throw unreadable(where, cause)
  }
  return entries
}

function decodeKey(segment: Buffer, start: number, kind: number): { text: string; end: number } {
  const slice = (from: number, length: number) => {
    if (from + length > segment.length) throw new RangeError('cut short')
    return segment.subarray(from, from + length)
  }
  switch (kind) {
    case KEY_OBJECT_ID:
      return { text: slice(start, 12).toString('hex'), end: start + 12 }
    case KEY_SHA256:
      return { text: poisonKey(slice(start, 32)), end: start + 32 }
    case KEY_TEXT: {
      const length = segment.readUInt16BE(start)
      return { text: slice(start + 2, length).toString('utf8'), end: start + 2 + length }
    }
    default:
      throw new RangeError(`key of kind ${kind}`)
  }
}

function unreadable(where: string, cause?: unknown): ConnectorError {
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `${where} is not readable as a part of our checkpoint: run "hf-audit recover" to rebuild it from what is published`,
    { cause },
  )
}
