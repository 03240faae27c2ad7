import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pollOnce, simulatedHub } from '../support/main-job.ts'

const EVENTS = 4_000
const LARGE_BYTES = 40_000
const MEBIBYTE = 2 ** 20

test('invariant 11, bounded memory: an export of 160 MB takes hardly more than one of 3 MB', async t => {
  const small = await peakMemoryBytes(t, 750)
  const large = await peakMemoryBytes(t, LARGE_BYTES)
  const more = Math.round((large - small) / MEBIBYTE)
  // What it would take to hold the export is 150 MiB; pages that the allocator keeps are some tens.
  assert.ok(more < 100, `${more} MiB more than ${Math.round(small / MEBIBYTE)} MiB`)
})

/** Of a process that polls so many events of this size once into the embedded journal. */
async function peakMemoryBytes(t: TestContext, eventBytes: number): Promise<number> {
  const { environment } = await simulatedHub(t, { events: EVENTS, eventBytes, prepared: false })
  const tell = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))"
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(tell)}`
  const { code, ledger, stderr } = await pollOnce({ ...environment, NODE_OPTIONS })
  assert.equal(code, 0, stderr)
  assert.equal(ledger?.published, EVENTS)
  const kibibytes = Number(/^peak (\d+)$/m.exec(stderr)?.[1])
  assert.ok(kibibytes > 0, stderr)
  return kibibytes * 1024
}
