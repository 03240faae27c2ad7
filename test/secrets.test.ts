import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { proxySecrets, withoutCredentials, withoutSecrets } from '../src/secrets.ts'

const SECRET = 's3cr%t/"pass+word'
const hide = withoutSecrets([SECRET], '***')

test('a secret goes in every form in which servers repeat it', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  for (const form of [
    SECRET,
    encodeURIComponent(SECRET),
    JSON.stringify({ got: SECRET }),
    base64(SECRET),
    base64(`user:${SECRET}`),
    base64(`a:${SECRET}`),
    base64(`ab:${SECRET}\n`),
    Buffer.from(`{"password":"${SECRET}"}`).toString('base64url'),
  ]) {
    const hidden = hide(`you sent <${form}>`)
    assert.match(hidden, /^you sent <.*\*\*\*.*>$/, form)
    assert.doesNotMatch(Buffer.from(hidden, 'base64').toString(), /s3cr/)
    assert.doesNotMatch(hidden, /s3cr|word/)
  }
})

test('of a Basic header also the password alone, and of a value for a URL what it stands for', () => {
  const header = `Basic ${Buffer.from('user:pass word!').toString('base64')}`
  assert.equal(
    withoutSecrets([header], '***')('no user has the password pass word!'),
    'no user has the password ***',
  )
  assert.equal(withoutSecrets(['p%40ssword'], '***')('wrong: p@ssword'), 'wrong: ***')
})

test('wherever a secret stands within a longer text, the base64 of that text does not give it away', () => {
  const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 30 })
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme-ascii', minLength: 6, maxLength: 40 }),
      ascii,
      ascii,
      (text, before, after) => {
        for (const encoding of ['base64', 'base64url'] as const) {
          const sent = Buffer.from(before + text + after).toString(encoding)
          const hidden = withoutSecrets([text], '***')(sent)
          assert.notEqual(hidden, sent)
        }
      },
    ),
  )
})

test('texts without it stay as they are, and what a mark holds is no pattern', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      fc.pre(!text.includes('$&'))
      assert.equal(hide(text), text)
    }),
  )
  assert.equal(withoutSecrets(['abcdef'], '$&')('abcdef'), '$&')
  assert.equal(withoutSecrets([], '***')('a'), 'a')
})

test('of a proxy the password is a secret, and its URL when it holds one', () => {
  assert.deepEqual(proxySecrets(['http://proxy:3128', '', 'nonsense', 'http://u:p%40ss@proxy']), [
    'http://u:p%40ss@proxy',
    'p%40ss',
  ])
})

test('an address is shown without user and password, with a scheme or without one', () => {
  for (const [text, shown] of [
    ['https://user:pass@hub', 'https://…@hub'],
    ['https://user:pa/ss@hub/path', 'https://…@hub/path'],
    ['user:pass@kafka:9092,other:9092', '…@kafka:9092,other:9092'],
    ['kafka:9092, user:pass@other:9092', 'kafka:9092, …@other:9092'],
    ['https://hub/path', 'https://hub/path'],
    ['user@REALM', 'user@REALM'],
    ['acme, user@REALM', 'acme, user@REALM'],
    ['https://user:SEC RET@hub:8443', 'https://…@hub:8443'],
    ['user:SEC RET@kafka:9092', '…@kafka:9092'],
    ['kafka:9092, [::1]:9092,user:SEC RET@other:9092', 'kafka:9092, [::1]:9092,…@other:9092'],
    ['user:1234@kafka:9092', '…@kafka:9092'],
    ['user:pa//ss@kafka:9092', '…@kafka:9092'],
    ['user://pass@kafka:9092', '…@kafka:9092'],
  ])
    assert.equal(withoutCredentials(text!), shown)
})

test('whatever a password holds, nothing of it is shown', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), password => {
      assert.equal(withoutCredentials(`https://user:${password}@hub/path`), 'https://…@hub/path')
      // What looks like the port of a broker in a list is taken for one.
      fc.pre(!/^\d{1,5}\s*,/.test(password))
      assert.equal(withoutCredentials(`user:${password}@kafka:9092`), '…@kafka:9092')
    }),
  )
})
