import { isatty } from 'node:tty'

/**
 * Calls `reload` at each SIGHUP, one after the other. A terminal that is closed sends SIGHUP too: then `gone` is called,
 * since nobody is left to see or stop what runs there. Returns how to stop listening.
 */
export function onReloadSignal(reload: () => Promise<void>, gone: () => void): () => void {
  const onTerminal = isatty(2)
  let last = Promise.resolve()
  const onSignal = (): void => {
    if (onTerminal && !isatty(2)) gone()
    else last = last.then(reload)
  }
  process.on('SIGHUP', onSignal)
  return () => process.off('SIGHUP', onSignal)
}
