/**
 * Does what changes something at the Hub. A signal meanwhile ends the process at once, and says what nobody would know
 * otherwise: the Hub may have done it.
 */
export async function tellingInterruption<T>(perform: () => Promise<T>): Promise<T> {
  const end = (): void => {
    process.stderr.write(
      'hf-audit: Stopped while the change was under way. Whether it was made is not known: look before you make it again.\n',
    )
    process.exit(1)
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  try {
    return await perform()
  } finally {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
  }
}
