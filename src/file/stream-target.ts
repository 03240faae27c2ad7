import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ReplayTarget } from '../replay-ports.ts'
import type { FileFormat } from './formats.ts'

const NO_MARKER = Buffer.alloc(0)

/** Standard output: nobody knows what arrived, so there is no cursor, and each start begins with the first record. */
export function createStreamTarget(output: Writable, format: FileFormat): ReplayTarget {
  return {
    destination: 'standard output',
    async check() {},
    async resume() {
      return { state: undefined, occupied: false, lost: false }
    },
    async begin(state) {
      return state
    },
    async write(records, state) {
      const part = await format.part(
        records.map(({ entry }) => entry),
        NO_MARKER,
      )
      if (part.length > 0 && !output.write(part)) await once(output, 'drain')
      return state
    },
    async close() {},
  }
}
