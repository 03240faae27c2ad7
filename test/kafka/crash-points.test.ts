import { after, before } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReader } from '../../src/kafka/reader.ts'
import { createLogger, silentLogger } from '../../src/log.ts'
import { type CrashPoint, crashContract } from '../contract/crash-contract.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { missingFor } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'

const log = process.env.TEST_LOG ? createLogger({ level: 'debug', format: 'json' }) : silentLogger
const missing = await missingFor('kafka')
if (missing !== undefined && process.env.CI) throw new Error(`a real kafka ${missing}`)

/** A commit sends its events, dead letters, findings and ledger entry, each in a request of its own, then its checkpoint. */
const CHECKPOINT_REQUEST = 5
const points: readonly CrashPoint[] = [
  {
    step: 'open',
    point: 'before the topics are asked for',
    at: { api: 'CREATE_TOPICS', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'open',
    point: 'while the topics are being made',
    at: { api: 'CREATE_TOPICS', when: 'sent' },
    leaves: 'nothing',
  },
  {
    step: 'open',
    point: 'before the number of partitions is kept',
    at: { api: 'PRODUCE', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'open',
    point: 'while the number of partitions is being kept',
    at: { api: 'PRODUCE', when: 'sent' },
    leaves: 'nothing',
  },

  {
    step: 'resume',
    point: 'before it fences',
    at: { api: 'INIT_PRODUCER_ID', when: 'before' },
    leaves: 'all',
  },
  { step: 'resume', point: 'while it fences', at: { api: 'INIT_PRODUCER_ID', when: 'sent' }, leaves: 'all' },
  {
    step: 'resume',
    point: 'when it has fenced',
    at: { api: 'INIT_PRODUCER_ID', when: 'answered' },
    leaves: 'all',
  },
  { step: 'resume', point: 'while it reads', at: { api: 'FETCH', when: 'sent' }, leaves: 'all' },

  {
    step: 'commit',
    point: 'before it begins',
    at: { api: 'ADD_PARTITIONS_TO_TXN', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'when it has begun',
    at: { api: 'ADD_PARTITIONS_TO_TXN', when: 'answered' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'before its events are sent',
    at: { api: 'PRODUCE', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'while its events are stored',
    at: { api: 'PRODUCE', when: 'sent' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'when its events are stored',
    at: { api: 'PRODUCE', when: 'answered' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'while its checkpoint is stored',
    at: { api: 'PRODUCE', nth: CHECKPOINT_REQUEST, when: 'sent' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'when its checkpoint is stored',
    at: { api: 'PRODUCE', nth: CHECKPOINT_REQUEST, when: 'answered' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'before the commit is sent',
    at: { api: 'END_TXN', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'while it is being committed',
    at: { api: 'END_TXN', when: 'sent' },
    leaves: 'either',
  },
  { step: 'commit', point: 'when it is committed', at: { api: 'END_TXN', when: 'answered' }, leaves: 'all' },

  { step: 'letter', point: 'before it is sent', at: { api: 'PRODUCE', when: 'before' }, leaves: 'nothing' },
  {
    step: 'letter',
    point: 'while it is being stored',
    at: { api: 'PRODUCE', when: 'sent' },
    leaves: 'either',
  },
  { step: 'letter', point: 'when it is stored', at: { api: 'PRODUCE', when: 'answered' }, leaves: 'all' },

  {
    step: 'forward',
    point: 'before the first delivery',
    at: { delivery: 1, when: 'before' },
    leaves: 'either',
  },
  {
    step: 'forward',
    point: 'within the second delivery',
    at: { delivery: 2, when: 'after' },
    leaves: 'either',
  },
  {
    step: 'forward',
    point: 'before the cursor moves',
    at: { api: 'OFFSET_COMMIT', when: 'before' },
    leaves: 'either',
  },
  {
    step: 'forward',
    point: 'when the cursor has moved',
    at: { api: 'OFFSET_COMMIT', when: 'answered' },
    leaves: 'all',
  },
]

if (missing === undefined) {
  let broker: KafkaServer
  before(async () => {
    // So that the place of a dead forwarder is free before a test's patience ends.
    broker = await startKafka({ properties: { 'group.min.session.timeout.ms': '1000' } })
  })
  after(() => broker.stop())

  crashContract(
    'Kafka',
    async (_t, organization) => {
      const settings = testSettings(broker.brokers, [organization], {
        partitions: 1,
        sessionTimeoutMs: 1_500,
        compression: 'zstd',
      })
      return {
        reach: { settings },
        // Alone: the fence is what makes room for the next one, not the group, whose time-outs have tests of their own.
        createJournal: (organizations: readonly Organization[]) =>
          createKafkaJournal({ ...settings, organizations }, { log, membership: 'alone' }),
        createReader: () => createKafkaReader(settings, { log }),
        createForwarding: () => createKafkaForwardingSource(settings, { log }),
        crash: async () => {},
        prunes: false,
      }
    },
    points,
  )
}
