import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ConnectorError } from '../../src/errors.ts'
import { catalogue } from '../../src/event/catalogue.ts'
import { ACTION_ALIASES } from '../../src/query/action.ts'
import { hubCondition } from '../../src/query/hub-condition.ts'
import type { QueryOptions } from '../../src/query/query-options.ts'
import { readQuery } from '../../src/query/read-query.ts'

const NOW_MS = Date.parse('2026-08-17T12:00:00.000Z')

function message(options: QueryOptions, shownName?: (option: keyof QueryOptions) => string): string {
  try {
    readQuery(options, NOW_MS, shownName)
  } catch (error) {
    assert.ok(error instanceof ConnectorError)
    assert.equal(error.code, 'CONFIG_INVALID')
    return error.message
  }
  return assert.fail('it was taken')
}

test('an alias stands for event types that the Hub has, and none for one of these itself', () => {
  for (const [alias, types] of Object.entries(ACTION_ALIASES)) {
    assert.ok(!catalogue().has(alias), alias)
    for (const type of types) assert.ok(catalogue().has(type), type)
  }
})

test('the guide holds the table of aliases', () => {
  const guide = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8')
  for (const [alias, types] of Object.entries(ACTION_ALIASES)) {
    const meaning = types.length === 0 ? 'no such event' : types.map(type => `\`${type}\``).join(', ')
    assert.ok(guide.includes(`| \`${alias}\` | ${meaning} |`), alias)
  }
})

test('actions: several, globs, aliases, what is no event and what is not known', () => {
  const read = (action: string | string[]) => {
    const { query, notes, unknownActions } = readQuery({ action }, NOW_MS)
    return [query.types, notes.length, unknownActions]
  }
  assert.deepEqual(read('repo.create'), [['repo.create'], 0, []])
  assert.deepEqual(read(['repo.*', 'repo.*']), [['repo.*'], 0, []])
  assert.deepEqual(read('member.remove'), [['org.remove_user'], 1, []])
  assert.deepEqual(read(['repo.update', 'repo.visibility']), [
    ['repo.update_settings', 'org.settings.security.repo_visibility'],
    2,
    [],
  ])
  assert.deepEqual(read('access_request.accept'), [['access_request.accept'], 1, []])
  assert.deepEqual(read('repo.invented'), [['repo.invented'], 0, ['repo.invented']])
  assert.deepEqual(read('toString'), [['toString'], 0, ['toString']])
  const [note] = readQuery({ action: 'member.invite' }, NOW_MS).notes
  assert.equal(note, 'member.invite is told by the Hub as org.invite_user and org.invite.email.')
  assert.match(readQuery({ action: 'access_request.reject' }, NOW_MS).notes[0]!, /is no event of the Hub/)
})

test('start and end, also as dates of JavaScript', () => {
  const { query } = readQuery({ start: '-7d', end: new Date(NOW_MS) }, NOW_MS)
  assert.deepEqual([query.startMs, query.endMs], [NOW_MS - 7 * 86_400_000, NOW_MS])
})

test('every mistake is named at once, as the caller calls the options', () => {
  const text = message(
    {
      user: ' ',
      ip: 'nowhere',
      start: 'soon',
      end: '2026-13-01',
      action: [],
      text: '',
      resourceType: 'kernel' as 'model',
    },
    option => `--${option}`,
  )
  for (const option of ['--user', '--ip', '--start', '--end', '--action', '--text', '--resourceType']) {
    assert.ok(text.includes(`  - ${option} is `), option)
  }
  assert.match(message({ resourceType: 'kernel' as 'model' }), /allowed are model, dataset, space, bucket/)
  assert.match(message({ start: '2026-08-17', end: '2026-08-17' }), /an end that is later than the start/)
  assert.match(message({ start: '-1d', end: '-2d' }), /2026-08-16T12:00:00.000Z/)
  assert.match(message({ start: new Date(Number.NaN) }), /start is Invalid Date/)
  assert.match(message({ user: 7 as unknown as string }), /user is 7/)
})

test('one condition is given to the Hub, and only one that it understands as we do', () => {
  const condition = (options: QueryOptions) => hubCondition(readQuery(options, NOW_MS).query)
  assert.equal(condition({}), undefined)
  assert.equal(condition({ user: 'alice' }), 'author:alice')
  assert.equal(condition({ action: 'repo.create' }), 'type:repo.create')
  assert.equal(condition({ action: 'member.remove' }), 'type:org.remove_user')
  assert.equal(condition({ ip: '203.0.113.0' }), 'ip:203.0.113.0')
  assert.equal(condition({ ip: '203.0.113.0', user: 'alice', action: 'repo.create' }), 'ip:203.0.113.0')
  assert.equal(condition({ user: 'alice', action: 'repo.create' }), 'author:alice')
  for (const options of [
    { ip: '203.0.113.7' },
    { ip: '203.0.113.0/24' },
    { action: 'repo.*' },
    { action: ['repo.create', 'repo.move'] },
    { action: 'member.invite' },
    { user: 'alice smith' },
    { user: 'älice' },
    { text: 'alice', start: '-7d', resourceType: 'model' },
  ] as const satisfies QueryOptions[]) {
    assert.equal(condition(options), undefined, JSON.stringify(options))
  }
  assert.equal(condition({ ip: '203.0.113.7', user: 'alice' }), 'author:alice')
})
