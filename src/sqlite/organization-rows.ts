import type { DatabaseSync } from 'node:sqlite'

export interface OrganizationRow {
  /** Its number within this file. */
  readonly id: number
  /** The head's JSON; undefined before the first commit. */
  readonly head: string | undefined
  /** Of the first event kept, or of the next one when none is. */
  readonly firstSequence: number
}

/** The table `organization`, through one connection. */
export interface OrganizationRows {
  find(identity: string): OrganizationRow | undefined
  findOrAdd(identity: string): OrganizationRow
  setHead(id: number, head: string): void
  setFirstSequence(id: number, firstSequence: number): void
  /** Undefined when no organization has this number. */
  identityOf(id: number): string | undefined
  ids(): number[]
}

export function createOrganizationRows(database: DatabaseSync): OrganizationRows {
  const select = database.prepare('SELECT id, head, first_sequence FROM organization WHERE identity = ?')
  const insert = database.prepare('INSERT INTO organization (identity) VALUES (?)')
  const updateHead = database.prepare('UPDATE organization SET head = ? WHERE id = ?')
  const updateFirst = database.prepare('UPDATE organization SET first_sequence = ? WHERE id = ?')
  const selectIdentity = database.prepare('SELECT identity FROM organization WHERE id = ?')
  const selectIds = database.prepare('SELECT id FROM organization ORDER BY id')
  const identities = new Map<number, string>()

  function find(identity: string): OrganizationRow | undefined {
    const row = select.get(identity) as
      | { id: number; head: string | null; first_sequence: number }
      | undefined
    return row && { id: row.id, head: row.head ?? undefined, firstSequence: row.first_sequence }
  }

  return {
    find,
    findOrAdd(identity) {
      const row = find(identity)
      if (row !== undefined) return row
      return { id: Number(insert.run(identity).lastInsertRowid), head: undefined, firstSequence: 1 }
    },
    setHead(id, head) {
      updateHead.run(head, id)
    },
    setFirstSequence(id, firstSequence) {
      updateFirst.run(firstSequence, id)
    },
    identityOf(id) {
      const known = identities.get(id)
      if (known !== undefined) return known
      const identity = selectIdentity.get(id)?.identity as string | undefined
      if (identity !== undefined) identities.set(id, identity)
      return identity
    },
    ids() {
      return selectIds.all().map(row => row.id as number)
    },
  }
}
