import type { Batch, Journal } from '../ports.ts'
import type { StatusBook } from './status-book.ts'

export interface JournalListener {
  owned(identities: ReadonlySet<string>): void
  committed(batch: Batch, isBackfill: boolean): void
}

/**
 * The same journal, with what passes through it noted: which organizations are ours, where their trails stood when they
 * were taken (so that a page after a restart does not look as if nothing ever happened), and what was committed.
 */
export function observedJournal(journal: Journal, book: StatusBook, listener: JournalListener): Journal {
  return {
    ...journal,
    async open(signal) {
      await journal.open(signal)
      book.journalOpened(() => journal.health())
    },
    async *ownership(signal) {
      for await (const owned of journal.ownership(signal)) {
        book.owned(owned)
        listener.owned(owned)
        yield owned
      }
    },
    async resume(organization, signal) {
      const checkpoint = await journal.resume(organization, signal)
      book.resumed(organization, checkpoint)
      return checkpoint
    },
    async commit(batch) {
      await journal.commit(batch)
      book.committed(batch)
      listener.committed(batch, book.isBackfilling(batch.organization))
    },
  }
}
