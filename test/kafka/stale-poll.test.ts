import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { asConnectorError } from '../../src/errors.ts'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { createLogger, silentLogger } from '../../src/log.ts'
import { createPoller, type Poller } from '../../src/poller.ts'
import type { AuditLogExport, Journal } from '../../src/ports.ts'
import { createFileSpool } from '../../src/spool/file-spool.ts'
import { batchFrom, freshOrganization } from '../contract/batches.ts'
import { eventText, exportOf as exportHolding, idOf } from '../support/exports.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { type ProxiedKafka, startProxiedKafka, testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'
import { readCommitted } from './read-committed.ts'

const log = process.env.TEST_LOG ? createLogger({ level: 'debug', format: 'json' }) : silentLogger
const forever = new AbortController().signal
const SESSION_TIMEOUT_MS = 1_500
/** Of a worker that must not be disturbed, however little time a busy machine gives it. */
const OWNER_SESSION_TIMEOUT_MS = 60_000
const START_MS = Date.UTC(2026, 10, 1)

describe('a worker that was away', async () => {
  let broker: ProxiedKafka | undefined
  before(async t => {
    if (await requireStack(t as TestContext, 'kafka')) broker = await startProxiedKafka()
  })
  after(() => broker?.stop())

  function settingsFor(
    brokers: string,
    organizations: readonly Organization[],
    topic?: string,
    sessionTimeoutMs = SESSION_TIMEOUT_MS,
  ): KafkaSettings {
    const changes = { partitions: 1, sessionTimeoutMs }
    return testSettings(brokers, organizations, topic === undefined ? changes : { ...changes, topic })
  }

  for (const published of [true, false]) {
    const what = published ? 'and was published meanwhile' : 'and only its poison was stored meanwhile'
    test(`a download that hung while its shard went to another worker and back, ${what}, commits nothing`, async t => {
      if (broker === undefined) return t.skip('needs Kafka')
      const [organization, neighbour] = [freshOrganization(), freshOrganization()]
      const settings = settingsFor(broker.proxied, [organization, neighbour])
      const events = Array.from({ length: 20 }, (_, index) => eventText(index + 1, START_MS + index))
      const seen = events.slice(0, published ? 10 : 20)
      const poison = '"no event"'

      const mine = await joined(t, settings)
      const poller = pollerOn(t, mine.journal)
      await poller.poll(organization, exportHolding(seen))
      const gate = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const stale = poller.poll(
        organization,
        hung(exportHolding([...events, poison]), begun.resolve, gate.promise),
      )
      await begun.promise

      broker.proxy.freeze()
      const other = await joined(t, settingsFor(broker.direct, [organization, neighbour], settings.topic))
      await pollerOn(t, other.journal).poll(organization, exportHolding([...events, poison]))
      await other.journal.close()
      broker.proxy.heal()
      await mine.nextOwnership()

      // The neighbour's poll reads the checkpoint anew: from here on there is a valid producer.
      await untilItSucceeds(() => poller.poll(neighbour, exportHolding(events.slice(0, 3))))
      gate.resolve()
      await assert.rejects(stale, { code: 'JOURNAL_STALE' })

      const { ledger } = await poller.poll(organization, exportHolding([...events, poison]))
      assert.deepEqual([ledger.published, ledger.deadLettered, ledger.alreadySeen], [0, 0, 21])
      const ids = events.map((_, index) => idOf(index + 1))
      await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
      assert.equal((await readCommitted(broker.direct, `${settings.topic}.dead-letter`)).length, 1)
    })
  }

  test('cut off for longer than the session time-out and back: it does not fight the new owner', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor(broker.proxied, [organization])
    const ids = exportOf(400)
    const { journal } = await joined(t, settings)
    await publishAll(journal, organization, { ids: ids.slice(0, 10), batchSize: 5 })
    const stop = new AbortController()
    const codes: string[] = []
    const trying = (async () => {
      while (!stop.signal.aborted) {
        try {
          const checkpoint = await journal.resume(organization, stop.signal)
          await journal.commit(batchFrom(journal, organization, checkpoint, { ledger: true }))
        } catch (error) {
          codes.push(asConnectorError(error).code)
        }
        await sleep(20)
      }
    })()

    broker.proxy.cut()
    const owner = await joined(
      t,
      settingsFor(broker.direct, [organization], settings.topic, OWNER_SESSION_TIMEOUT_MS),
    )
    const first = await owner.journal.resume(organization, forever)
    const before = codes.length
    broker.proxy.heal()
    const { failures } = await publishAll(owner.journal, organization, {
      ids,
      batchSize: 5,
      pauseMs: 50,
    })
    assert.deepEqual(failures, [], 'the owner was disturbed')
    assert.equal((await owner.journal.resume(organization, forever)).term, first.term)
    stop.abort()
    await trying
    const afterwards = new Set(codes.slice(before))
    assert.ok(afterwards.has('JOURNAL_NOT_OWNED'), `it was told ${[...afterwards].join(', ')}`)
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })

  test('a resume that waited behind a commit for longer than the session time-out asks before it takes the shard', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const [organization, neighbour] = [freshOrganization(), freshOrganization()]
    const settings = settingsFor(broker.proxied, [organization, neighbour])
    const ids = exportOf(100)
    const { journal } = await joined(t, settings)
    await publishAll(journal, organization, { ids: ids.slice(0, 10), batchSize: 10 })
    const checkpoint = await journal.resume(organization, forever)

    broker.proxy.freeze()
    const commit = journal.commit(batchFrom(journal, organization, checkpoint, { events: ['late'] }))
    const waiting = journal.resume(neighbour, forever)
    const owner = await joined(
      t,
      settingsFor(broker.direct, [organization, neighbour], settings.topic, OWNER_SESSION_TIMEOUT_MS),
    )
    await publishAll(owner.journal, organization, { ids: ids.slice(0, 20), batchSize: 10 })
    const { term } = await owner.journal.resume(organization, forever)
    broker.proxy.heal()
    // Its requests reach the broker, which refuses them, or have waited for too long.
    await assert.rejects(commit, { code: 'JOURNAL_UNAVAILABLE' })
    // The group's word may take longer than a session time-out: then there is none, and nothing is read.
    let told = await outcomeOf(waiting)
    while (told === 'JOURNAL_UNAVAILABLE') told = await outcomeOf(journal.resume(neighbour, forever))
    assert.equal(told, 'JOURNAL_NOT_OWNED')
    const { failures } = await publishAll(owner.journal, organization, { ids, batchSize: 10 })
    assert.deepEqual(failures, [], 'the owner was disturbed')
    assert.equal((await owner.journal.resume(organization, forever)).term, term)
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })

  test('frozen between selection and commit: the commit is refused, and it stops', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor(broker.direct, [organization])
    const zombie = fork(new URL('./zombie-child.ts', import.meta.url), [JSON.stringify(settings)])
    t.after(() => zombie.kill('SIGKILL'))
    await once(zombie, 'message')
    zombie.kill('SIGSTOP')

    const ids = exportOf(20)
    const owner = await joined(t, { ...settings, sessionTimeoutMs: OWNER_SESSION_TIMEOUT_MS })
    await publishAll(owner.journal, organization, { ids: ids.slice(0, 10), batchSize: 5 })
    const { term } = await owner.journal.resume(organization, forever)
    // Lies there when it wakes up.
    zombie.send('commit')
    zombie.kill('SIGCONT')
    const [told] = (await once(zombie, 'message')) as [{ commit: string; later: string[] }]
    // Refused by the broker (fenced), or by what it learned first; never stored.
    assert.match(told.commit, /^(JOURNAL_UNAVAILABLE: .*epoch|JOURNAL_NOT_OWNED|JOURNAL_STALE)/s)
    assert.equal(told.later.at(-1), 'JOURNAL_NOT_OWNED')
    assert.ok(!told.later.includes('read'), 'it read the checkpoint, and so fenced the owner')
    const { failures } = await publishAll(owner.journal, organization, { ids, batchSize: 5 })
    assert.deepEqual(failures, [])
    assert.equal((await owner.journal.resume(organization, forever)).term, term)
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })
})

/** A journal in its group, and owning something. */
async function joined(t: TestContext, settings: KafkaSettings) {
  const journal = createKafkaJournal(settings, { log })
  const stop = new AbortController()
  t.after(async () => {
    stop.abort()
    await journal.close()
  })
  await journal.open(forever)
  const changes = journal.ownership(stop.signal)[Symbol.asyncIterator]()
  /** Resolves with the next change of what it owns that leaves it with something. */
  const nextOwnership = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await changes.next()
      if (done === true) throw new Error('the journal was closed')
      if ((value as ReadonlySet<string>).size > 0) return
    }
  }
  await nextOwnership()
  return { journal, nextOwnership }
}

interface TestPoller {
  poll(organization: Organization, download: AuditLogExport): ReturnType<Poller['poll']>
}

function pollerOn(t: TestContext, journal: Journal): TestPoller {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-stale-poll-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return {
    poll(organization, download) {
      const poller = createPoller(
        { workspaceId: '', sourceTtlDays: 0, exportCap: 100_000, maxRecordBytes: 900_000 },
        {
          hub: { exportAuditLog: async () => download, ownUserId: async () => undefined },
          journal,
          createSpool: () => createFileSpool({ directory, memoryBytes: 4_096 }),
          accepts: () => true,
          now: () => START_MS,
        },
      )
      return poller.poll(organization, forever)
    },
  }
}

/** A download whose first bytes come when the gate opens. */
function hung(download: AuditLogExport, onBegun: () => void, gate: Promise<void>): AuditLogExport {
  async function* elements() {
    onBegun()
    await gate
    yield* download.elements
  }
  return { ...download, elements: elements() }
}

async function outcomeOf(resumed: Promise<unknown>): Promise<string> {
  return resumed.then(
    () => 'read',
    (error: unknown) => asConnectorError(error).code,
  )
}

/** As the polling loop does it. */
async function untilItSucceeds(work: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 300_000
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(100)
    }
  }
}
