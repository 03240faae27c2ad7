import { ConnectorError } from '../errors.ts'
import type { KeptAnchor } from './verify.ts'

/** More wrong lines than these are not told at once. */
const TOLD_LINES = 5

type JsonObject = Readonly<Record<string, unknown>>

/**
 * The anchors that a file keeps, line by line, in any of these forms:
 * - `organization sequence:hash`, or `sequence:hash` alone where there is but one organization;
 * - a ledger entry as `hf-audit tail --stream ledger --json` or the log of `hf-audit run` shows it;
 * - log records in OTLP/JSON, as a collector's file exporter writes them, or one with its attributes flat: those of
 *   `hf_audit.poll` have an anchor, requests without one are passed over.
 *
 * Empty lines and those that begin with `#` are left out. Throws `CONFIG_INVALID` with the numbers of the lines that are
 * none of these, and when there is no anchor at all. `name` is for messages.
 */
export async function* readAnchors(
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
): AsyncGenerator<KeptAnchor, void, undefined> {
  const wrong: string[] = []
  let number = 0
  let found = 0
  for await (const line of lines) {
    number += 1
    const text = (number === 1 ? line.replace(/^\ufeff/, '') : line).trim()
    if (text === '' || text.startsWith('#')) continue
    const anchors = text.startsWith('{') ? anchorsOfJson(text) : anchorOfText(text)
    if (typeof anchors === 'string') {
      wrong.push(`line ${number}: ${anchors}`)
      if (wrong.length === TOLD_LINES) break
      continue
    }
    for (const anchor of anchors) {
      found += 1
      if (wrong.length === 0) yield { ...anchor, origin: { kind: 'file', line: number } }
    }
  }
  if (wrong.length === 0 && found === 0) wrong.push('there is no anchor in it')
  if (wrong.length === 0) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `The file of --anchors, ${name}, cannot be used:\n${wrong.map(line => `  - ${line}`).join('\n')}\n` +
      'Allowed on a line: "organization sequence:hash", a ledger entry as JSON (hf-audit tail --stream ledger --json), ' +
      'or log records as OTLP/JSON. The hash is 64 hexadecimal digits.',
  )
}

export type AnchorText = Pick<KeptAnchor, 'sequence' | 'chainHash'>

/** `<sequence>:<hash>`; undefined when it is no anchor. */
export function parseAnchor(text: string): AnchorText | undefined {
  const match = /^(\d{1,15}):([0-9a-fA-F]{64})$/.exec(text)
  if (match === null) return undefined
  return { sequence: Number(match[1]), chainHash: Buffer.from(match[2]!, 'hex') }
}

type FoundAnchor = Pick<KeptAnchor, 'organization' | 'sequence' | 'chainHash'>

/** A text says what is wrong. */
function anchorOfText(text: string): FoundAnchor[] | string {
  const parts = text.split(/[\s,;]+/)
  const anchor = parts.length > 2 ? undefined : parseAnchor(parts.at(-1)!)
  if (anchor === undefined) return `no anchor: ${excerpt(text)}`
  return [{ organization: parts.length === 2 ? parts[0] : undefined, ...anchor }]
}

function anchorsOfJson(text: string): FoundAnchor[] | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return `no JSON: ${excerpt(text)}`
  }
  const found: FoundAnchor[] = []
  let fault: string | undefined
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next !== 'object' || next === null) continue
    const here = Array.isArray(next) ? undefined : anchorOfObject(next as JsonObject)
    if (typeof here === 'string') fault ??= here
    else if (here !== undefined) found.push(here)
    // An anchor's own object holds no other one.
    if (here === undefined) waiting.push(...Object.values(next))
  }
  if (fault !== undefined) return fault
  const isExport = Object.hasOwn(value as object, 'resourceLogs')
  return found.length > 0 || isExport ? found : `no anchor in it: ${excerpt(text)}`
}

/** Undefined where it speaks of no anchor. */
function anchorOfObject(object: JsonObject): FoundAnchor | string | undefined {
  const members = Array.isArray(object.attributes) ? attributesOf(object.attributes) : object
  const anchorText = member(members, 'anchor')
  if (anchorText === undefined) return undefined
  const organization = member(members, 'organization')
  const anchor = typeof anchorText === 'string' ? parseAnchor(anchorText) : undefined
  if (anchor === undefined) return `the anchor is no "sequence:hash": ${excerpt(JSON.stringify(anchorText))}`
  if (typeof organization !== 'string') return 'the anchor has no organization beside it'
  return { organization, ...anchor }
}

/** Attributes of OTLP/JSON: a list of `{key, value: {stringValue}}`. */
function attributesOf(attributes: readonly unknown[]): JsonObject {
  const members: Record<string, unknown> = {}
  for (const attribute of attributes) {
    const { key, value } = (attribute ?? {}) as { key?: unknown; value?: { stringValue?: unknown } }
    if (typeof key === 'string') members[key] = value?.stringValue
  }
  return members
}

/** By its column's name, or as an attribute. */
function member(members: JsonObject, name: string): unknown {
  return members[name] ?? members[`huggingface.audit.${name}`]
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
