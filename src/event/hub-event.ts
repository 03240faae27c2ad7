import { isUtf8 } from 'node:buffer'
import { ConnectorError } from '../errors.ts'
import type { ExportElement } from './export.ts'
import { parseJson } from './parse-json.ts'
import { parseRfc3339 } from './rfc3339.ts'

/** `_id` and `type` are at most this long. */
export const MAX_NAME_BYTES = 255

type JsonObject = Readonly<Record<string, unknown>>

/** An element that is an audit event, whatever else is in it. */
export interface ParsedEvent {
  readonly kind: 'event'
  /** `_id`, 1 to 255 bytes, well-formed. */
  readonly id: string
  /** `type`, 1 to 255 bytes, made well-formed. Any text: the Hub's list of types grows. */
  readonly type: string
  /** `createdAt`, cut to milliseconds. */
  readonly createdAtMs: number
  /** The element, parsed: of duplicate keys the last, unknown fields included, nothing checked. */
  readonly event: JsonObject
  /** The element's exact text. */
  readonly text: string
}

export type PoisonReason =
  | 'not_an_object'
  | 'not_utf8'
  | 'too_long'
  | 'id_missing'
  | 'id_not_a_string'
  | 'id_empty'
  | 'id_too_long'
  | 'id_not_unicode'
  | 'type_missing'
  | 'type_not_a_string'
  | 'type_empty'
  | 'type_too_long'
  | 'created_at_missing'
  | 'created_at_invalid'

/** An element that is no audit event: for the dead letters. */
export interface PoisonedElement {
  readonly kind: 'poison'
  readonly reason: PoisonReason
  /** The same for a person. */
  readonly detail: string
  /** Where it has one that would do: perhaps that of an event that was published. */
  readonly id?: string
}

export type ParsedElement = ParsedEvent | PoisonedElement

/**
 * Reads one element of the export: an event, or poison by the four things without which there is no event (an object,
 * `_id`, `type`, `createdAt`). Throws `HUB_BODY_BROKEN` when it is no JSON at all: then nothing of the body counts.
 */
export function parseElement(
  element: Pick<ExportElement, 'bytes' | 'oversize'> & Partial<Pick<ExportElement, 'id'>>,
): ParsedElement {
  const { bytes, oversize } = element
  if (oversize !== undefined) return poison('too_long', `the element is ${oversize.length} bytes long`)
  const text = bytes.toString('utf8')
  const event = parseOrThrow(text)
  if (!isUtf8(bytes)) return poison('not_utf8', 'the element holds bytes that are not valid UTF-8')
  if (!isObject(event)) return poison('not_an_object', `the element is ${kindOf(event)}, not an object`)
  const id = event._id
  const idFault = faultOfName(id)
  if (idFault !== undefined) return poison(`id_${idFault}`, `_id ${FAULTS[idFault]}`)
  if (!(id as string).isWellFormed()) return poison('id_not_unicode', '_id holds a lone surrogate')
  const type = event.type
  const typeFault = faultOfName(type)
  if (typeFault !== undefined) return poison(`type_${typeFault}`, `type ${FAULTS[typeFault]}`, id as string)
  const createdAt = event.createdAt
  if (createdAt === undefined || createdAt === null)
    return poison('created_at_missing', 'createdAt is missing', id as string)
  const createdAtMs = typeof createdAt === 'string' ? parseRfc3339(createdAt) : undefined
  if (createdAtMs === undefined) {
    return poison('created_at_invalid', `createdAt is no RFC 3339 time: ${excerpt(createdAt)}`, id as string)
  }
  return { kind: 'event', id: id as string, type: (type as string).toWellFormed(), createdAtMs, event, text }
}

/**
 * What selection needs of an element that is certainly an event, from what was noted while it was split, without
 * parsing it. Undefined when only {@link parseElement} can tell.
 */
export function glanceAtElement(
  element: ExportElement,
): Pick<ParsedEvent, 'id' | 'type' | 'createdAtMs'> | undefined {
  const { bytes, id, type, createdAt, oversize } = element
  if (id === undefined || type === undefined || createdAt === undefined || oversize !== undefined) return
  const createdAtMs = parseRfc3339(bytes.toString('latin1', createdAt.start, createdAt.end))
  if (createdAtMs === undefined || !isUtf8(bytes)) return
  return { id, type: bytes.toString('utf8', type.start, type.end), createdAtMs }
}

const FAULTS = {
  missing: 'is missing',
  not_a_string: 'is not a string',
  empty: 'is empty',
  too_long: `is longer than ${MAX_NAME_BYTES} bytes`,
} as const

function faultOfName(value: unknown): keyof typeof FAULTS | undefined {
  if (value === undefined || value === null) return 'missing'
  if (typeof value !== 'string') return 'not_a_string'
  if (value === '') return 'empty'
  // A UTF-16 unit is at most three bytes of UTF-8, so most names need not be measured.
  const fits = value.length * 3 <= MAX_NAME_BYTES || Buffer.byteLength(value) <= MAX_NAME_BYTES
  return fits ? undefined : 'too_long'
}

function parseOrThrow(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    // Without V8's message: it quotes the element.
    throw new ConnectorError(
      'HUB_BODY_BROKEN',
      `an element of the export, ${text.length} characters long, is not well-formed JSON; nothing of it was published`,
      { retryable: true },
    )
  }
}

function poison(reason: PoisonReason, detail: string, id?: string): PoisonedElement {
  return { kind: 'poison', reason, detail, ...(id === undefined ? {} : { id }) }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

function excerpt(value: unknown): string {
  if (typeof value === 'object') return kindOf(value) === 'an array' ? 'an array' : 'an object'
  return JSON.stringify(value).slice(0, 100)
}
