import { readFileSync } from 'node:fs'
import type { Severity } from './records.ts'

/** What this project knows of one event type, besides what the event itself says. */
export interface CatalogueEntry {
  readonly type: string
  /** `repo` of `repo.create`. */
  readonly scope: string
  /** `create` of `repo.create`. */
  readonly action: string
  readonly description: string
  /** The kind of thing that is acted upon: `repo`, `member`, `token`, … */
  readonly resource: string
  readonly readOnly: boolean
  readonly severity: Severity
  /** Class and activity of OCSF 1.8. https://schema.ocsf.io/1.8.0/ */
  readonly ocsf: {
    readonly class_uid: number
    readonly class_name: string
    readonly activity_id: number
    readonly activity_name: string
  }
}

let entries: ReadonlyMap<string, CatalogueEntry> | undefined

/** The known types in the file's order. The file is `schemas/event-catalogue.json`, its origin is told there. */
export function catalogue(): ReadonlyMap<string, CatalogueEntry> {
  if (entries === undefined) {
    const file = new URL('../../schemas/event-catalogue.json', import.meta.url)
    const { types } = JSON.parse(readFileSync(file, 'utf8')) as { types: CatalogueEntry[] }
    entries = new Map(types.map(entry => [entry.type, entry]))
  }
  return entries
}

/** Undefined for a type that is not in the catalogue. */
export function lookup(type: string): CatalogueEntry | undefined {
  return catalogue().get(type)
}

/** What is assumed of a type that is not in the catalogue: nothing that would call it harmless or grave. */
export function unknownType(type: string): CatalogueEntry {
  const dot = type.indexOf('.')
  return {
    type,
    scope: dot < 0 ? type : type.slice(0, dot),
    action: dot < 0 ? '' : type.slice(dot + 1),
    description: '',
    resource: '',
    readOnly: false,
    severity: 'INFO',
    ocsf: { class_uid: 6003, class_name: 'API Activity', activity_id: 99, activity_name: 'Other' },
  }
}
