import { type CrashPoint, crashContract } from '../contract/crash-contract.ts'
import { sqliteStore, temporaryDirectory } from '../support/sqlite/store.ts'

const points: readonly CrashPoint[] = [
  {
    step: 'open',
    point: 'before its tables are made',
    at: { statement: 'BEGIN', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'open',
    point: 'with its tables half made',
    at: { statement: 'CREATE TABLE', when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'open',
    point: 'before they are committed',
    at: { statement: 'COMMIT', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'open',
    point: 'when they are committed',
    at: { statement: 'COMMIT', when: 'after' },
    leaves: 'all',
  },

  {
    step: 'commit',
    point: 'before it begins',
    at: { statement: 'BEGIN', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'when it has begun',
    at: { statement: 'BEGIN', when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'after its first event',
    at: { statement: 'INSERT INTO entry', when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'after its last value',
    at: { statement: 'INSERT INTO entry', nth: 6, when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'after an id that is forgotten',
    at: { statement: 'DELETE FROM seen', when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'within its ids',
    at: { statement: 'REPLACE INTO seen', nth: 2, when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'before its head',
    at: { statement: 'UPDATE organization', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'after its head',
    at: { statement: 'UPDATE organization', when: 'after' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'before the commit',
    at: { statement: 'COMMIT', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'commit',
    point: 'when it is committed',
    at: { statement: 'COMMIT', when: 'after' },
    leaves: 'all',
  },

  {
    step: 'letter',
    point: 'before it is stored',
    at: { statement: 'COMMIT', when: 'before' },
    leaves: 'nothing',
  },
  { step: 'letter', point: 'when it is stored', at: { statement: 'COMMIT', when: 'after' }, leaves: 'all' },

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
    at: { statement: 'REPLACE INTO cursor', nth: 2, when: 'before' },
    leaves: 'either',
  },
  {
    step: 'forward',
    point: 'when the cursor has moved',
    at: { statement: 'REPLACE INTO cursor', nth: 2, when: 'after' },
    leaves: 'all',
  },

  { step: 'prune', point: 'before it begins', at: { statement: 'BEGIN', when: 'before' }, leaves: 'nothing' },
  {
    step: 'prune',
    point: 'before its first slice is committed',
    at: { statement: 'COMMIT', when: 'before' },
    leaves: 'nothing',
  },
  {
    step: 'prune',
    point: 'when its first slice is committed',
    at: { statement: 'COMMIT', when: 'after' },
    leaves: 'all',
  },
  {
    step: 'prune',
    point: 'within its second slice',
    at: { statement: 'DELETE FROM entry', nth: 2, when: 'after' },
    leaves: 'all',
  },
]

crashContract(
  'SQLite journal',
  async t => {
    const dataDirectory = temporaryDirectory(t)
    return { ...sqliteStore(dataDirectory), reach: { dataDirectory } }
  },
  points,
)
