import { crc32 } from 'node:zlib'
import { ConnectorError } from '../errors.ts'
import { CHECKPOINT_FORMAT_VERSION, type Head, type SeenEntry } from '../event/checkpoint.ts'
import { headFromStored, storedHead } from '../event/head-codec.ts'
import { SeenEvents } from '../event/seen-events.ts'
import { decodeSegment, encodeSegment, isNewerSegment } from './segment-codec.ts'
import { SegmentLayout } from './segments.ts'

/** Key of the number of partitions, in partition 0 of the checkpoint. No identity begins with a slash. */
export const META_KEY = '/meta'
const META_FORMAT_VERSION = 1
const SEGMENTS = '/ids/'

/** A record of the compacted topic; a null value forgets the key. */
export interface CheckpointRecord {
  readonly key: string
  readonly value: Buffer | null
}

/**
 * What is stored of one organization: its head under its identity, the ids in segments. The head also holds the CRC-32
 * of every segment that belongs to it: a checkpoint that was read with a hole is noticed, whatever made the hole.
 */
export class StoredCheckpoint {
  head: Head | undefined
  readonly seen = new SeenEvents()
  readonly #layout = new SegmentLayout()
  readonly #crcs = new Map<number, number>()

  /** Applies the changes to `seen` and returns the records that store them and the head. */
  apply(
    identity: string,
    head: Head,
    put: readonly SeenEntry[],
    remove: readonly string[],
  ): CheckpointRecord[] {
    const records = this.#layout.apply(this.seen, put, remove).map(({ number, entries }) => {
      const value = entries.length === 0 ? null : encodeSegment(entries)
      if (value === null) this.#crcs.delete(number)
      else this.#crcs.set(number, crc32(value))
      return { key: `${identity}${SEGMENTS}${number}`, value }
    })
    this.head = head
    const stored = { head: storedHead(head), segments: Object.fromEntries(this.#crcs) }
    records.push({ key: identity, value: Buffer.from(JSON.stringify(stored)) })
    return records
  }

  /** Throws `JOURNAL_UNAVAILABLE` when a segment is missing or another than the head says. */
  load(identity: string, headValue: Buffer, segments: ReadonlyMap<number, Buffer>, where: string): void {
    const stored = parseJson(headValue)
    this.head = headFromStored(stored?.head, where)
    const expected = Object.entries((stored?.segments ?? {}) as Record<string, number>)
    for (const [text, crc] of expected) {
      const number = Number(text)
      const value = segments.get(number)
      if (value === undefined || crc32(value) !== crc) throw incomplete(identity, number, where)
      this.#layout.load(
        number,
        decodeSegment(value, `segment ${number} of the checkpoint ${where}`),
        this.seen,
      )
      this.#crcs.set(number, crc)
    }
    if (segments.size !== expected.length) throw incomplete(identity, -1, where)
  }
}

function incomplete(identity: string, number: number, where: string): ConnectorError {
  const what =
    number < 0 ? 'there are ids that do not belong to the head' : `segment ${number} does not match the head`
  return new ConnectorError(
    'JOURNAL_UNAVAILABLE',
    `the checkpoint ${where} was not read whole: ${what}. It is read again; if this stays, run ` +
      `"hf-audit recover" for ${identity}, which rebuilds it from what is published`,
    { retryable: true },
  )
}

/** Sorts what a partition of the checkpoint holds, newest value of each key, by organization. */
export class CheckpointPartition {
  readonly #heads = new Map<string, Buffer>()
  readonly #segments = new Map<string, Map<number, Buffer>>()
  #meta: Buffer | undefined

  /** In the order of the topic. */
  add(key: Buffer | null, value: Buffer | null): void {
    if (key === null) return
    const text = key.toString('utf8')
    // A message's bytes are a slice of the whole response: keep a copy, not the response.
    const kept = value === null ? null : Buffer.from(value)
    if (text === META_KEY) {
      this.#meta = kept ?? undefined
      return
    }
    const separator = text.lastIndexOf(SEGMENTS)
    if (separator < 0) {
      setOrDelete(this.#heads, text, kept)
      return
    }
    const identity = text.slice(0, separator)
    const number = text.slice(separator + SEGMENTS.length)
    // Something else wrote it: it belongs to no head, and would be missing or too many in every one.
    if (!/^(0|[1-9]\d*)$/.test(number)) return
    const segments = this.#segments.get(identity) ?? new Map<number, Buffer>()
    this.#segments.set(identity, segments)
    setOrDelete(segments, Number(number), kept)
  }

  /** Offsets of the last published records, of all organizations that have a head, configured or not. */
  lastPositions(): number[] {
    return [...this.#heads.values()].flatMap(value => {
      const { lastPosition } = (parseJson(value)?.head ?? {}) as { lastPosition?: string | null }
      return typeof lastPosition === 'string' ? [Number(lastPosition)] : []
    })
  }

  /** Undefined when it has no head. `topic` is for messages. */
  checkpointOf(identity: string, topic: string): StoredCheckpoint | undefined {
    const head = this.#heads.get(identity)
    if (head === undefined) return undefined
    const checkpoint = new StoredCheckpoint()
    checkpoint.load(identity, head, this.#segments.get(identity) ?? new Map(), `of ${identity} in ${topic}`)
    return checkpoint
  }

  /** True when a newer release wrote any part of it: then it is not unreadable, but not for this release. */
  isNewer(identity: string): boolean {
    const head = this.#heads.get(identity)
    const stored = (head === undefined ? undefined : parseJson(head)?.head) as {
      formatVersion?: unknown
    } | null
    const segments = [...(this.#segments.get(identity)?.values() ?? [])]
    return Number(stored?.formatVersion) > CHECKPOINT_FORMAT_VERSION || segments.some(isNewerSegment)
  }

  /** Tombstones for the segments that are there, where a rebuilt checkpoint does not replace them. */
  segmentsOf(identity: string): CheckpointRecord[] {
    const numbers = [...(this.#segments.get(identity)?.keys() ?? [])]
    return numbers.map(number => ({ key: `${identity}${SEGMENTS}${number}`, value: null }))
  }

  /** The number of partitions for which the topics were made; undefined when nobody wrote it. */
  partitions(): number | undefined {
    const partitions = this.#meta === undefined ? undefined : parseJson(this.#meta)?.partitions
    return typeof partitions === 'number' ? partitions : undefined
  }
}

function setOrDelete<K>(map: Map<K, Buffer>, key: K, value: Buffer | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

/** Undefined for what is no JSON object. */
export function parseJson(value: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

export function metaRecord(partitions: number): CheckpointRecord {
  const value = JSON.stringify({ formatVersion: META_FORMAT_VERSION, partitions })
  return { key: META_KEY, value: Buffer.from(value) }
}
