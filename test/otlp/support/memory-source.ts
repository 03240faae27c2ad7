import type { ConnectorError } from '../../../src/errors.ts'
import type {
  DeadLetterInput,
  ForwardingOptions,
  ForwardingSource,
  JournalEntry,
} from '../../../src/ports.ts'

/** A journal in memory that keeps the port's promises: what `deliver` threw on comes again. */
export class MemorySource implements ForwardingSource {
  readonly deadLetters: DeadLetterInput[] = []
  readonly entries: JournalEntry[]
  cursor = 0
  storeFailures: ConnectorError[] = []

  constructor(entries: JournalEntry[]) {
    this.entries = entries
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}

  async run(
    deliver: Parameters<ForwardingSource['run']>[0],
    { maxEntries }: ForwardingOptions,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const entries = this.entries.slice(this.cursor, this.cursor + maxEntries)
      if (entries.length === 0) {
        await new Promise(resolve => setTimeout(resolve, 1))
        continue
      }
      await deliver(entries, signal)
      this.cursor += entries.length
    }
  }

  async backlog(): Promise<number> {
    return this.entries.length - this.cursor
  }

  async storeDeadLetter(_: string, value: DeadLetterInput): Promise<void> {
    const failure = this.storeFailures.shift()
    if (failure !== undefined) throw failure
    this.deadLetters.push(value)
  }
}
