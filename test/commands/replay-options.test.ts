import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultName, parseReplay, type ReplayOptions, wordsOf } from '../../src/commands/replay-options.ts'
import { ConnectorError } from '../../src/errors.ts'

const config = {
  organizations: [{ name: 'acme-new', identity: 'acme', endpoint: 'https://hub.example' }],
}
const parse = (options: Partial<ReplayOptions>) => parseReplay({ stream: 'events', ...options }, config)

function refused(options: Partial<ReplayOptions>): string {
  try {
    parse(options)
  } catch (error) {
    assert.ok(error instanceof ConnectorError && error.code === 'CONFIG_INVALID')
    return error.message
  }
  return assert.fail('it was taken')
}

test('times, by when it was received unless said otherwise', () => {
  const atMs = Date.UTC(2026, 10, 21)
  assert.deepEqual(parse({ from: '2026-11-21', toOtlp: true }), {
    selection: {
      stream: 'events',
      organization: undefined,
      range: { by: 'received-time', fromMs: atMs, toMs: undefined },
    },
    target: { to: 'otlp' },
  })
  const { selection } = parse({ to: '2026-11-21T01:00:00+01:00', by: 'event-time', toJson: '-' })
  assert.deepEqual(selection.range, { by: 'event-time', fromMs: undefined, toMs: atMs })
})

test('sequences of an organization by its identity, also where it is called by its name', () => {
  const { selection } = parse({ organization: 'acme-new', toSequence: '7', toAvro: 'x' })
  assert.deepEqual([selection.organization, selection.range], ['acme', { by: 'sequence', from: 1, to: 7 }])
  assert.equal(parse({ organization: 'gone', fromSequence: '1', toAvro: 'x' }).selection.organization, 'gone')
})

test('what is wrong is said, all at once', () => {
  const target = { toOtlp: true }
  const range = { from: '2026-01-01' }
  const wrong: [options: Partial<ReplayOptions>, words: RegExp][] = [
    [{}, /no target is given[\s\S]*no range is given/],
    [{ ...range, toOtlp: true, toJson: 'x' }, /several targets are given/],
    [{ ...range, ...target, fromSequence: '1' }, /times and sequences are both given/],
    [{ ...target, from: 'yesterday' }, /--from is "yesterday"; allowed is an instant with its zone/],
    [{ ...target, from: '2026-11-21T10:00:00' }, /--from is .*with its zone/],
    [{ ...target, from: '2026-01-02', to: '2026-01-02' }, /must be before --to/],
    [{ ...target, fromSequence: '1' }, /need --organization.*configured: acme/],
    [
      { ...target, organization: 'a', fromSequence: '0' },
      /--from-sequence is "0"; allowed is a whole number/,
    ],
    [{ ...target, organization: 'a', toSequence: '1e3' }, /--to-sequence is "1e3"/],
    [
      { ...target, organization: 'a', fromSequence: '9', toSequence: '8' },
      /\(9\) must not be beyond --to-sequence \(8\)/,
    ],
    [
      { ...target, organization: 'a', fromSequence: '9', by: 'event-time' },
      /--by means nothing for sequences/,
    ],
    [{ ...target, organization: 'a', fromSequence: '9', stream: 'ledger' }, /only events have a sequence/],
    [{ ...range, ...target, stream: 'findings', by: 'event-time' }, /which only events have/],
    [{ ...range, toTopic: 'a b' }, /--to-topic is "a b"/],
    [{ ...range, toTopic: '..' }, /--to-topic is ".."/],
    [{ ...range, toAvro: '-' }, /needs a path/],
    [{ ...range, toJson: '' }, /--to-json is empty/],
    [{ ...range, ...target, name: '../x' }, /--name is "..\/x"; allowed/],
    [{ ...range, ...target, name: 'x'.repeat(101) }, /up to 100/],
    [{ ...range, toJson: '-', again: true }, /mean nothing for --to-json -/],
  ]
  for (const [options, words] of wrong) assert.match(refused(options), words)
})

test('the default name is the same for the same request, and another for any other', () => {
  const nameOf = (options: Partial<ReplayOptions>, destination = 'd', origin = 'o') =>
    defaultName(wordsOf(parse(options), destination, origin))
  const base = nameOf({ from: '2026-11-21', toTopic: 'x' })
  assert.equal(nameOf({ from: '2026-11-21T00:00:00.000Z', by: 'received-time', toTopic: 'x' }), base)
  const others = [
    nameOf({ from: '2026-11-22', toTopic: 'x' }),
    nameOf({ to: '2026-11-21', toTopic: 'x' }),
    nameOf({ from: '2026-11-21', toTopic: 'x', by: 'event-time' }),
    nameOf({ from: '2026-11-21', toTopic: 'x', organization: 'acme' }),
    nameOf({ from: '2026-11-21', toTopic: 'x', stream: 'ledger' }),
    nameOf({ from: '2026-11-21', toOtlp: true }),
    nameOf({ from: '2026-11-21', toTopic: 'x' }, 'd2'),
    nameOf({ from: '2026-11-21', toTopic: 'x' }, 'd', 'o2'),
  ]
  assert.equal(new Set([base, ...others]).size, others.length + 1)
})
