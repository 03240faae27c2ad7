import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { openExportFile } from '../../src/hub/file-export.ts'
import { NEVER, readAll } from './hub-server.ts'

const ELEMENTS = Array.from({ length: 5000 }, (_, i) => `{"_id":"id${i}","message":"${'é'.repeat(i % 30)}"}`)
const BODY = `[${ELEMENTS.join(',\n')}]\n`

async function fileWith(t: TestContext, name: string, content: string | Buffer): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'file-export-test-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}

test('a saved export, plain or compressed', async t => {
  const files: [string, string | Buffer][] = [
    ['export.json', BODY],
    ['bom.json', `\ufeff${BODY}`],
    ['export.json.gz', gzipSync(BODY)],
    ['no-matter-the-name', zstdCompressSync(BODY)],
    ['export.json.br', brotliCompressSync(BODY)],
  ]
  for (const [name, content] of files) {
    const path = await fileWith(t, name, content)
    const saved = await openExportFile(path, 42, NEVER)
    assert.equal(saved.receivedAtMs, 42)
    assert.deepEqual(await readAll(saved), ELEMENTS, name)
    assert.equal(saved.expectedWireBytes, Buffer.byteLength(content))
    assert.equal(saved.wireBytes(), Buffer.byteLength(content))
    assert.equal(saved.bodyBytes(), Buffer.byteLength(BODY) + (name === 'bom.json' ? 3 : 0))
  }
  assert.deepEqual(await readAll(await openExportFile(await fileWith(t, 'x', '[]'), 0, NEVER)), [])
})

test('a file that is broken is named, and not tried again', async t => {
  const broken: [string, string | Buffer][] = [
    ['empty', ''],
    ['short', '['],
    ['cut', BODY.slice(0, -5)],
    ['object', '{"a":1}'],
    ['cut.gz', gzipSync(BODY).subarray(0, 9000)],
    ['cut.zst', zstdCompressSync(BODY).subarray(0, 9000)],
    ['plain.br', BODY],
  ]
  for (const [name, content] of broken) {
    const path = await fileWith(t, name, content)
    await assert.rejects(
      readAll(await openExportFile(path, 0, NEVER)),
      (error: Error & { code: string; retryable: boolean }) => {
        assert.equal(error.code, 'HUB_BODY_BROKEN', name)
        assert.equal(error.retryable, false)
        assert.ok(error.message.startsWith(path))
        return true
      },
    )
  }
})

test('a file that cannot be read', async t => {
  const path = await fileWith(t, 'x', '[]')
  await assert.rejects(openExportFile(`${path}.missing`, 0, NEVER), {
    code: 'CONFIG_INVALID',
    message: /cannot be read: ENOENT/,
  })
  await assert.rejects(openExportFile(join(path, '..'), 0, NEVER), {
    code: 'CONFIG_INVALID',
    message: /directory/,
  })
})

test('leaving early and stopping', async t => {
  const path = await fileWith(t, 'x', BODY)
  for await (const elements of (await openExportFile(path, 0, NEVER)).elements) {
    assert.ok(elements.length > 0)
    break
  }
  const stopping = new AbortController()
  const saved = await openExportFile(path, 0, stopping.signal)
  await assert.rejects(
    async () => {
      for await (const _ of saved.elements) stopping.abort()
    },
    { code: 'STOPPED' },
  )
})
