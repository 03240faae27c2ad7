import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { EVENT_TYPES, TYPE_WHEEL, WHEEL_SIZE } from '../../src/simulator/event-types.ts'
import { createGenerator } from '../../src/simulator/generator.ts'
import { answerValidator, documentedTypes } from './hub-schemas.ts'

const settings = { seed: 1, organization: 'example-org', eventBytes: 750 }

test('the n-th event depends on seed, organization and n alone', () => {
  const one = createGenerator(settings)
  const other = createGenerator(settings)
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4_000_000_000 }), { minLength: 1, maxLength: 20 }),
      numbers => {
        // Asked for in another order, after other events.
        const backwards = numbers
          .toReversed()
          .map(n => other.json(n))
          .toReversed()
        assert.deepEqual(
          numbers.map(n => one.json(n)),
          backwards,
        )
      },
    ),
  )
  assert.notEqual(one.json(1), createGenerator({ ...settings, seed: 2 }).json(1))
  assert.notEqual(one.id(1), createGenerator({ ...settings, organization: 'other-example' }).id(1))
})

test('an event stays what it was from one release to the next', () => {
  const json = createGenerator(settings).json(2)
  assert.equal(json, createGenerator({ ...settings, eventBytes: 1 }).json(2), 'nothing was filled in')
  assert.equal(
    json,
    '{"_id":"af0ba1ef00d9e6d2c05e053d","createdAt":"2026-01-01T00:00:02.197Z","type":"repo.delete_lfs_file",' +
      '"message":"carol-example deleted a large file of the dataset example-org/leaderboard-30 for good",' +
      '"author":{"_id":"1938990b741e37730f19ff04","user":"carol-example","avatarUrl":"/avatars/1938990b.svg","type":"user"},' +
      '"ip":"2001:db8:1753:398::","location":{"formatted":"Bengaluru, IN","country":"IN","city":"Bengaluru"},' +
      '"userAgent":"huggingface.js/3.15.0; node/24.21.0",' +
      '"token":{"type":"access_token","id":"70ce00000005000000050000","last4":"ex05","deleted":false},' +
      '"data":{"repo":{"type":"dataset","name":"example-org/leaderboard-30"},' +
      '"file":"weights\\/part-\\u00304.safetensors","bytes":9007204387067217,"ratio":1.50e-3}}',
  )
})

test('the generated events are what the Hub documents', () => {
  const validate = answerValidator('/api/organizations/{name}/audit-log/export')
  for (const eventBytes of [1, 750, 10_000]) {
    const generator = createGenerator({ ...settings, eventBytes })
    const events = Array.from({ length: 2_000 }, (_, i) => JSON.parse(generator.json(i + 1)))
    assert.ok(validate(events), JSON.stringify(validate.errors?.slice(0, 3)))
  }
})

test('any thousand consecutive events hold every documented type, the common ones often', () => {
  assert.deepEqual(EVENT_TYPES.map(({ type }) => type).sort(), documentedTypes().sort())
  assert.equal(TYPE_WHEEL.length, WHEEL_SIZE)
  const generator = createGenerator(settings)
  for (const start of [1, 4_321]) {
    const types = Array.from({ length: WHEEL_SIZE }, (_, i) => generator.type(start + i))
    assert.equal(new Set(types).size, EVENT_TYPES.length)
    assert.ok(types.filter(type => type === 'org.sso_login').length >= 150)
    assert.equal(types.filter(type => type === 'org.delete').length, 1)
    assert.ok(new Set(types.slice(0, 20)).size > 8, 'neighbours differ')
  }
})

test('the JSON agrees with what is told of an event without it', () => {
  const generator = createGenerator(settings)
  for (let n = 1; n <= 3_000; n += 1) {
    const event = JSON.parse(generator.json(n))
    assert.equal(event._id, generator.id(n))
    assert.equal(event.type, generator.type(n))
    assert.equal(event.author.user, generator.author(n))
    assert.equal(event.ip, generator.ip(n))
    assert.equal(Date.parse(event.createdAt), generator.createdAtMs(n))
  }
})

test('ids are unique and in no order that follows time', () => {
  const generator = createGenerator(settings)
  const ids = Array.from({ length: 100_000 }, (_, i) => generator.id(i + 1))
  assert.equal(new Set(ids).size, ids.length)
  const rises = ids.filter((id, i) => i > 0 && id > ids[i - 1]!).length
  assert.ok(rises > 45_000 && rises < 55_000, `${rises} of 100,000 rise`)
})

test('times never fall, sometimes stay, and come with and without a fraction', () => {
  const generator = createGenerator(settings)
  let equal = 0
  for (let n = 2; n <= 10_000; n += 1) {
    const step = generator.createdAtMs(n) - generator.createdAtMs(n - 1)
    assert.ok(step >= 0, `event ${n} is older than the one before it`)
    if (step === 0) equal += 1
  }
  assert.ok(equal > 500, `${equal} equal`)
  const forms = new Set(
    Array.from(
      { length: 5_000 },
      (_, i) => /(\.\d+)?Z$/.exec(JSON.parse(generator.json(i + 1)).createdAt)![0].length,
    ),
  )
  assert.deepEqual([...forms].sort(), [1, 5, 8])
})

test('every optional part is there in some events and missing in others', () => {
  const generator = createGenerator(settings)
  const events = Array.from({ length: 2_000 }, (_, i) => JSON.parse(generator.json(i + 1)))
  for (const part of ['ip', 'location', 'userAgent', 'token', 'oauth', 'data']) {
    const having = events.filter(event => part in event).length
    assert.ok(having > 0 && having < events.length, `${part}: ${having} of ${events.length}`)
  }
  const shapes = new Set(
    events
      .filter(({ data }) => data !== undefined)
      .map(({ data }) => (Array.isArray(data) ? 'array' : data === null ? 'null' : typeof data)),
  )
  assert.deepEqual([...shapes].sort(), ['array', 'null', 'object', 'string'])
  assert.ok(events.some(({ author }) => author.type === 'system'))
  const texts = Array.from({ length: 2_000 }, (_, i) => generator.json(i + 1))
  for (const pattern of [
    /\\ud83d surrogate/,
    /\\"/,
    /研究/,
    /\\n/,
    /"bytes":90071992547\d{5}|"bytes":9007\d{12}/,
    /"_id":"[0-9a-f]{24}"}$/,
  ]) {
    assert.ok(
      texts.some(text => pattern.test(text)),
      String(pattern),
    )
  }
})

test('addresses are of the documentation ranges, names plainly invented', () => {
  const generator = createGenerator(settings)
  for (let n = 1; n <= 2_000; n += 1) {
    const ip = generator.ip(n)
    if (ip !== undefined)
      assert.match(ip, /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|^2001:db8:[0-9a-f]+:[0-9a-f]+::$/)
    assert.match(generator.author(n), /-example$/)
  }
})

test('100,000 events of the default size are about 75 MB; the size is kept on average', () => {
  for (const eventBytes of [750, 10_000]) {
    const generator = createGenerator({ ...settings, eventBytes })
    let bytes = 0
    for (let n = 1; n <= 2_000; n += 1) bytes += Buffer.byteLength(generator.json(n))
    assert.ok(Math.abs(bytes / 2_000 / eventBytes - 1) < 0.03, `${bytes / 2_000} for ${eventBytes}`)
  }
})

test('a variation changes what it names and nothing else', () => {
  const generator = createGenerator(settings)
  const n = Array.from({ length: 100 }, (_, i) => i + 1).find(i => {
    const event = JSON.parse(generator.json(i))
    return (
      event.token?.deleted === false && event.author.type === 'user' && event.author.deleted === undefined
    )
  })!
  const plain = JSON.parse(generator.json(n))
  const rewritten = JSON.parse(
    generator.json(n, { authorDeleted: true, authorRenamed: true, avatarChanged: true, tokenDeleted: true }),
  )
  assert.equal(rewritten.author.deleted, true)
  assert.equal(rewritten.token.deleted, true)
  assert.notEqual(rewritten.author.user, plain.author.user)
  assert.notEqual(rewritten.author.avatarUrl, plain.author.avatarUrl)
  const { deleted: _, ...author } = rewritten.author
  const restored = {
    ...rewritten,
    author: { ...author, user: plain.author.user, avatarUrl: plain.author.avatarUrl },
    token: { ...rewritten.token, deleted: false },
  }
  assert.deepEqual(restored, plain)
  assert.equal(JSON.parse(generator.json(n, { edited: true })).message, `${plain.message} (edited)`)
  assert.deepEqual({ ...JSON.parse(generator.json(n, { edited: true })), message: plain.message }, plain)
})
