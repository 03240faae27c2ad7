/** Runs all until the signal is aborted; when one of them throws, the others are stopped and it is thrown on. */
export async function allOrNone(
  signal: AbortSignal,
  tasks: readonly ((inner: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController()
  const inner = AbortSignal.any([signal, failed.signal])
  const guarded = tasks.map(async task => {
    try {
      await task(inner)
    } catch (error) {
      failed.abort()
      throw error
    }
  })
  const results = await Promise.allSettled(guarded)
  const rejected = results.find(result => result.status === 'rejected')
  if (rejected !== undefined) throw rejected.reason
}
