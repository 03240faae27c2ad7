import type { AuditLog } from './audit-log.ts'
import type { Variation } from './generator.ts'

type Element = string | Buffer

/** What makes an export differ from the plain array of its window. */
export interface Edits {
  readonly variationOf?: (n: number) => Variation | undefined
  /** Foreign elements, each with the index of the window before which it stands; in ascending order. */
  readonly inserts?: readonly { readonly before: number; readonly element: Element }[]
  /** Elements after the last of the window. */
  readonly appended?: readonly (() => Element)[]
  readonly byteOrderMark?: boolean
  readonly whiteSpace?: boolean
}

/** Characters that are put together before they become bytes. */
const CHUNK_CHARACTERS = 1 << 16
/** All four kinds of JSON white space. */
const ODD_SPACE = ' \n\t\r '

/** One JSON array of the elements of a window, in chunks of 64 KiB or so, made as they are asked for. */
export function* exportBody(log: AuditLog, window: Float64Array, edits: Edits = {}): Generator<Buffer> {
  const separator = edits.whiteSpace === true ? `${ODD_SPACE},${ODD_SPACE}` : ','
  const space = edits.whiteSpace === true ? ODD_SPACE : ''
  let text = `${edits.byteOrderMark === true ? '\ufeff' : ''}${space}[${space}`
  let first = true
  for (const element of elements(log, window, edits)) {
    if (first) first = false
    else text += separator
    if (typeof element === 'string') text += element
    else {
      yield Buffer.from(text)
      yield element
      text = ''
    }
    if (text.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(text)
      text = ''
    }
  }
  yield Buffer.from(`${text}${space}]${space}`)
}

function* elements(log: AuditLog, window: Float64Array, edits: Edits): Generator<Element> {
  const inserts = edits.inserts ?? []
  let next = 0
  for (let i = 0; i <= window.length; i += 1) {
    for (; next < inserts.length && inserts[next]!.before <= i; next += 1) yield inserts[next]!.element
    if (i === window.length) break
    const n = window[i]!
    yield log.element(n, edits.variationOf?.(n))
  }
  for (const element of edits.appended ?? []) yield element()
}
