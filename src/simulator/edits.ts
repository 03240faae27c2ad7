import type { AuditLog } from './audit-log.ts'
import type { Edits } from './body.ts'
import { type ActiveFault, type FaultOf, faultOf, faultsOf } from './faults.ts'
import type { Variation } from './generator.ts'
import { poisonElement } from './poison.ts'

/** What the content faults make of an export; undefined when they leave it as it is. */
export function planEdits(
  faults: readonly ActiveFault[],
  log: AuditLog,
  window: Float64Array,
): Edits | undefined {
  const format = faultOf(faults, 'format')
  const variations = [
    ...faultsOf(faults, 'rewrite').map(fault => rewriting(fault, log, window)),
    ...faultsOf(faults, 'change').map(fault => changing(fault, window)),
  ]
  const variationOf = (n: number) => {
    const parts = variations.flatMap(of => of(n) ?? [])
    return parts.length === 0 ? undefined : Object.assign({}, ...parts)
  }
  const inserts = spread(
    faultsOf(faults, 'poison').flatMap(fault => fault.poison.map(poisonElement)),
    window.length,
  )
  const appended = faultsOf(faults, 'duplicate').flatMap(fault =>
    newest(window, fault.events).map(n => () => {
      const variation = variationOf(n)
      return log.element(n, fault.content === 'same' ? variation : { ...variation, edited: true })
    }),
  )
  if (format === undefined && variations.length + inserts.length + appended.length === 0) return undefined
  return {
    ...(variations.length > 0 && { variationOf }),
    inserts,
    appended,
    byteOrderMark: format?.byteOrderMark ?? false,
    whiteSpace: format?.whiteSpace ?? false,
  }
}

type VariationOf = (n: number) => Variation | undefined

function rewriting(fault: FaultOf<'rewrite'>, log: AuditLog, window: Float64Array): VariationOf {
  const variation: Variation = {
    authorDeleted: fault.fields.includes('author.deleted'),
    authorRenamed: fault.fields.includes('author.user'),
    avatarChanged: fault.fields.includes('author.avatarUrl'),
    tokenDeleted: fault.fields.includes('token.deleted'),
  }
  const among = fault.events === undefined ? undefined : new Set(newest(window, fault.events))
  return n =>
    (among === undefined || among.has(n)) && (fault.author === undefined || log.author(n) === fault.author)
      ? variation
      : undefined
}

function changing(fault: FaultOf<'change'>, window: Float64Array): VariationOf {
  const among = new Set(newest(window, fault.events))
  return n => (among.has(n) ? { edited: true } : undefined)
}

/** The events of the window with the highest numbers, in no order that matters. */
function newest(window: Float64Array, events: number): number[] {
  return [...Float64Array.from(window).sort().subarray(-events)]
}

/** Elements at even distances over an array of that length. */
function spread(elements: readonly Buffer[], length: number): { before: number; element: Buffer }[] {
  return elements.map((element, i) => ({
    before: Math.floor(((i + 1) * length) / (elements.length + 1)),
    element,
  }))
}
