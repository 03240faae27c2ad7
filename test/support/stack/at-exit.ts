const duties = new Set<() => void>()
let watching = false

/**
 * Has something done when this process ends, also when SIGINT, SIGTERM or SIGHUP ends it. What is done must be
 * synchronous. A program that handles the signal itself ends in its own order. Returns how to take it back.
 */
export function atExit(duty: () => void): () => void {
  watch()
  duties.add(duty)
  return () => duties.delete(duty)
}

function watch(): void {
  if (watching) return
  watching = true
  const doAll = () => {
    // The last first: a server ends before the folder it was started in.
    for (const duty of [...duties].reverse()) duty()
    duties.clear()
  }
  process.once('exit', doAll)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      if (process.listenerCount(signal) > 0) return
      doAll()
      process.kill(process.pid, signal)
    })
  }
}
