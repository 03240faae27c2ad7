import type { JournalReader } from '../ports.ts'
import type { StatusBook } from './status-book.ts'

/** Findings that earlier processes have committed, read once for the organizations that were taken. */
export async function readEarlierFindings(
  createReader: () => Promise<JournalReader>,
  identities: ReadonlySet<string>,
  book: StatusBook,
  signal: AbortSignal,
): Promise<void> {
  const reader = await createReader()
  try {
    await reader.open(signal)
    const options = { streams: ['findings'], fromBeginning: true, follow: false } as const
    for await (const entry of reader.tail(options, signal)) {
      if (entry.stream === 'findings' && identities.has(entry.organization)) book.found(entry.record)
    }
    if (!signal.aborted) book.findingsRead(identities)
  } finally {
    await reader.close()
  }
}
