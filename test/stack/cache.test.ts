import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type CacheEntry, cached } from '../support/stack/cache.ts'

async function emptyCache(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'hf-audit-cache-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  return root
}

const entry = (make: CacheEntry['make']): CacheEntry => ({
  name: 'thing-1',
  lock: 'java',
  announce: 'making a thing',
  make,
})

test('a folder is made once, and taken from the cache after that', async t => {
  const root = await emptyCache(t)
  let made = 0
  const thing = entry(async directory => {
    made += 1
    await writeFile(join(directory, 'file'), 'content')
  })
  const paths = await Promise.all([cached(thing, root), cached(thing, root)])
  assert.deepEqual(paths, [join(root, 'thing-1'), join(root, 'thing-1')])
  assert.equal(await readFile(join(root, 'thing-1', 'file'), 'utf8'), 'content')
  assert.equal(made, 1)
  assert.deepEqual(await readdir(root), ['thing-1'])
})

test('what failed half-way leaves nothing behind', async t => {
  const root = await emptyCache(t)
  const failing = entry(async directory => {
    await writeFile(join(directory, 'half'), '')
    throw new Error('no network')
  })
  await assert.rejects(cached(failing, root), /no network/)
  assert.deepEqual(await readdir(root), [])
})

test('what a killed process left half-way is never taken for whole, and its lock is taken over', async t => {
  const root = await emptyCache(t)
  const program = `
    const { cached } = await import(${JSON.stringify(new URL('../support/stack/cache.ts', import.meta.url).href)})
    const { writeFile } = await import('node:fs/promises')
    const make = async directory => {
      await writeFile(directory + '/half', '')
      console.log('half-way')
      await new Promise(() => setInterval(() => {}, 1000))
    }
    await cached({ name: 'thing-1', lock: 'java', announce: 'making a thing', make }, ${JSON.stringify(root)})
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(join(root, 'java.lock'), longAgo, longAgo)

  await cached(
    entry(directory => writeFile(join(directory, 'whole'), '')),
    root,
  )
  assert.deepEqual(await readdir(join(root, 'thing-1')), ['whole'])
  assert.deepEqual(await readdir(root), ['thing-1'])
})

test('of two that make it beside each other, one wins and both can use it', async t => {
  const root = await emptyCache(t)
  const path = join(root, 'thing-1')
  const overtaken = entry(async directory => {
    await writeFile(join(directory, 'slow'), '')
    await mkdir(path)
    await writeFile(join(path, 'fast'), '')
  })
  assert.equal(await cached(overtaken, root), path)
  assert.deepEqual(await readdir(root), ['thing-1'])
  assert.deepEqual(await readdir(path), ['fast'])
})
