import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopbackAddress, refusedHost, refusedStatus } from '../../src/admin/access.ts'

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`
const local = { host: 'localhost:9464', isLoopback: true, authorization: undefined }
const remote = { host: '10.1.2.3:9464', isLoopback: false, authorization: undefined }

test('on this machine addresses and localhost are own names, whatever else points here is not', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:1',
    '127.0.0.1:9464',
    '[::1]:9464',
    '10.1.2.3',
    'a.localhost:80',
  ])
    assert.equal(refusedHost({ ...local, host }), undefined, host)
  for (const host of [
    'evil.example',
    'evil.example:9464',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '',
    'x[::1]',
  ])
    assert.equal(refusedHost({ ...local, host })?.status, 403, host)
  assert.equal(refusedHost({ ...local, host: undefined })?.status, 403)
  assert.equal(refusedHost({ ...remote, host: 'pod.example' }), undefined)
})

test('without a password the page is for this machine only', () => {
  assert.equal(refusedStatus(local, undefined), undefined)
  assert.equal(refusedStatus({ ...local, host: 'evil.example' }, undefined)?.status, 403)
  const refusal = refusedStatus(remote, undefined)
  assert.equal(refusal?.status, 403)
  assert.match(refusal.message, /HF_AUDIT_STATUS_PASSWORD/)
})

test('with a password it is asked of everybody, and any user name will do', () => {
  const password = 'päss:wörd'
  for (const asker of [local, remote]) {
    assert.equal(refusedStatus(asker, password)?.status, 401)
    for (const wrong of [
      basic('x:'),
      basic(password),
      basic(`x:${password} `),
      'Bearer abc',
      basic('x:päss'),
      'Basic !!',
    ])
      assert.equal(refusedStatus({ ...asker, authorization: wrong }, password)?.status, 401, wrong)
    for (const user of ['', 'operator'])
      assert.equal(
        refusedStatus({ ...asker, authorization: basic(`${user}:${password}`) }, password),
        undefined,
      )
  }
  assert.equal(refusedStatus({ ...remote, authorization: 'basic' }, '')?.status, 401)
})

test('loopback is told from everything else', () => {
  for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopbackAddress(address))
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '::', 'fe80::1', undefined, '127.evil'])
    assert.ok(!isLoopbackAddress(address))
})
