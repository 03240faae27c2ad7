/**
 * Of events that changed: the contents that were told or known before, as digests, the latest last. A replica that lags
 * may show an old content again for a while, which is nothing new. By id, the latest changed last.
 */
export type ToldContents = readonly (readonly [id: string, digests: readonly number[]])[]

export interface ToldChange {
  readonly id: string
  /** Digests; 0 stands for a content that is not known. */
  readonly before: number
  readonly now: number
}

/** It is part of the head, which is stored with every poll: some 10 KB at the most. */
const IDS_LIMIT = 250
const CONTENTS_LIMIT = 8

/** What is remembered after these changes were told; beyond the limits the earliest is forgotten. */
export function withTold(told: ToldContents, changes: readonly ToldChange[]): ToldContents {
  if (changes.length === 0) return told
  const byId = new Map(told)
  for (const { id, before, now } of changes) {
    const digests = [before, now].filter(digest => digest !== 0)
    const others = (byId.get(id) ?? []).filter(digest => !digests.includes(digest))
    byId.delete(id)
    byId.set(id, [...others, ...digests].slice(-CONTENTS_LIMIT))
  }
  return [...byId].slice(-IDS_LIMIT)
}
