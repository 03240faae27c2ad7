import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/*
 * Three things that keep the process small during a backfill. Measured with 100,000 events into Kafka: 340 MB resident
 * without them, 200 MB with them.
 */

/*
 * Buffers lie outside V8's heap, and by itself V8 looks late for those that nobody needs any more: when there are some
 * 100 MB of them, or with a full collection when many came at once, as in a commit. Above these limits they are freed at
 * once: those that came lately, which takes a millisecond or two, or all.
 */
const YOUNG_BUFFERS_BYTES = 32 * 1024 * 1024
const ALL_BUFFERS_BYTES = 40 * 1024 * 1024
/** More than the last collection left: collecting for buffers that are in use, a forwarder's, would be in vain each time. */
const YOUNG_GROWTH_BYTES = 8 * 1024 * 1024
const ALL_GROWTH_BYTES = 12 * 1024 * 1024

/** How much V8's heap may grow over what the last collection left. By itself V8 lets it become three to four times that. */
const HEAP_GROWTH_PERCENT = 60

/** V8 begins with 1 MB, and lets it grow to 16 MB. */
const YOUNG_SPACE_BYTES = 4 * 1024 * 1024
/** Twelve times what is needed: should V8 not do as expected, the process starts all the same. */
const MAX_FILLS = 300

/**
 * To be called before the modules are loaded. Flags at the command line would do the same, but not for a command that is
 * called by its name.
 *
 * The old objects' space: a log record outlives the young objects' space while its request is under way. With OTLP the
 * heap grows to 150 MB of which 50 are in use; so it stays at 60, for some hundredths of the CPU.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
  fixYoungSpace()
}

/**
 * Lets V8's space for young objects grow to 4 MB now and never again. Left alone it takes 48 MB and keeps them; at its
 * first size a backfill of 100,000 events takes 1,000 collections instead of 250, and half a second of CPU more, for no
 * memory less.
 */
function fixYoungSpace(): void {
  setFlagsFromString('--semi-space-growth-factor=4')
  const survivors: object[] = []
  for (let fill = 0; fill < MAX_FILLS && youngSpaceBytes() < YOUNG_SPACE_BYTES; fill++)
    for (let index = 0; index < 500; index++) survivors.push([index, index, index, index])
  setFlagsFromString('--semi-space-growth-factor=1')
}

function youngSpaceBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? 0
}

/** Costs nothing unless there is much to free. */
export interface BufferCollector {
  /** While a batch is being committed: some of what came lately is in use, much is not any more. */
  freeYoung(): void
  /** Between two batches, when the buffers of the last one are garbage. */
  freeAll(): void
}

/** `heldBytes` tells of buffers that stay, the geo databases: collecting for their sake would be in vain each time. */
export function createBufferCollector(heldBytes: () => number = () => 0): BufferCollector {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void
  // Not `process.memoryUsage`, which also asks the operating system.
  const bufferBytes = (): number => getHeapStatistics().external_memory - heldBytes()
  const freeBeyond = (limitBytes: number, growthBytes: number, options?: { readonly type: 'minor' }) => {
    let leftBytes = 0
    return (): void => {
      const bytes = bufferBytes()
      leftBytes = Math.min(leftBytes, bytes)
      if (bytes < Math.max(limitBytes, leftBytes + growthBytes)) return
      collect(options)
      leftBytes = bufferBytes()
    }
  }
  return {
    freeYoung: freeBeyond(YOUNG_BUFFERS_BYTES, YOUNG_GROWTH_BYTES, { type: 'minor' }),
    freeAll: freeBeyond(ALL_BUFFERS_BYTES, ALL_GROWTH_BYTES),
  }
}
