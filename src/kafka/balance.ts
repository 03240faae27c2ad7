/** A worker of the group and the shards it had before. */
export interface Worker {
  readonly id: string
  readonly owned: readonly number[]
  /** How long ago the group last took the worker for a member, ms: a worker that was frozen or cut off tells more. */
  readonly unheardMs: number
}

/**
 * Who gets which shard: as many for each as for the others, give or take one, and everyone keeps what fits into that.
 * Shards with organizations are dealt first and evenly among themselves; the idle ones do not count.
 */
export function balanceShards(
  shards: number,
  busy: ReadonlySet<number>,
  workers: readonly Worker[],
): Map<string, number[]> {
  const all = Array.from({ length: shards }, (_, shard) => shard)
  const dealt = new Map<string, number[]>(workers.map(({ id }) => [id, []]))
  deal(
    all.filter(shard => busy.has(shard)),
    workers,
    dealt,
  )
  deal(
    all.filter(shard => !busy.has(shard)),
    workers,
    dealt,
  )
  return dealt
}

function deal(shards: readonly number[], workers: readonly Worker[], dealt: Map<string, number[]>): void {
  if (workers.length === 0) return
  const free = new Set(shards)
  // A shard that two claim stays with whoever had it later: the other one was frozen or cut off meanwhile.
  const latestFirst = [...workers].sort((left, right) => left.unheardMs - right.unheardMs)
  const claims = latestFirst.map(({ id, owned }) => {
    const mine = [...new Set(owned)].filter(shard => free.delete(shard))
    return { id, mine }
  })
  // Who holds most gets the odd ones, so that as few as possible move.
  claims.sort((left, right) => right.mine.length - left.mine.length || (left.id < right.id ? -1 : 1))
  const quota = Math.floor(shards.length / workers.length)
  const odd = shards.length % workers.length
  const room: { id: string; slots: number }[] = []
  for (const [index, { id, mine }] of claims.entries()) {
    const allowed = quota + (index < odd ? 1 : 0)
    dealt.get(id)!.push(...mine.slice(0, allowed))
    for (const shard of mine.slice(allowed)) free.add(shard)
    room.push({ id, slots: Math.max(0, allowed - mine.length) })
  }
  const rest = [...free].sort((left, right) => left - right)
  for (const { id, slots } of room) dealt.get(id)!.push(...rest.splice(0, slots))
}
