import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { makePrivateDirectory } from '../src/private-directory.ts'

test('what is missing is made for its owner alone, what is there stays as it is', t => {
  const folder = mkdtempSync(join(tmpdir(), 'hf-audit-directory-'))
  t.after(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  makePrivateDirectory(join(folder, 'a', 'b', 'c'))
  for (const made of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(folder, made)).mode & 0o777, 0o700)
  makePrivateDirectory(folder)
  assert.equal(statSync(folder).mode & 0o777, 0o755)
  makePrivateDirectory(`${relative(process.cwd(), folder)}/d/`)
  assert.ok(existsSync(join(folder, 'd')))
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  makePrivateDirectory(join(folder, 'link', 'inner'))
  assert.ok(existsSync(join(folder, 'real', 'inner')))
})

test('a file in the way, and a link to nowhere, are told', t => {
  const folder = mkdtempSync(join(tmpdir(), 'hf-audit-directory-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), '')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
  assert.throws(() => makePrivateDirectory(join(folder, 'file')), { code: 'EEXIST' })
  assert.throws(() => makePrivateDirectory(join(folder, 'file', 'inner')), { code: 'ENOTDIR' })
  assert.throws(() => makePrivateDirectory(join(folder, 'link')), { code: 'EEXIST' })
  assert.throws(() => makePrivateDirectory(join(folder, 'link', 'inner')))
})

test('a file system that refuses every new directory with ENOENT does not hang it', {
  skip: existsSync('/proc/self') ? false : 'there is no /proc here',
}, () => {
  assert.throws(() => makePrivateDirectory('/proc/hf-audit/data'), { code: 'ENOENT' })
})
