import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createTokenSource, type HubToken } from '../../src/hub/token.ts'

const ORGANIZATION = { name: 'acme', identity: 'acme', endpoint: 'https://hub.example' }

async function home(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'token-test-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

function find(homeDirectory: string, env: Record<string, string>, tokenFile?: string): Promise<HubToken> {
  const tokenFiles = new Map(tokenFile === undefined ? [] : [['acme', tokenFile]])
  return createTokenSource({ env, homeDirectory, tokenFiles })(ORGANIZATION)
}

test('the places in their order', async t => {
  const directory = await home(t)
  const own = join(directory, 'own')
  const path = join(directory, 'some', 'token-path')
  await write(own, 'own')
  await write(path, 'path')
  await write(join(directory, 'variable'), 'variable')
  await write(join(directory, 'hf', 'token'), 'hf')
  await write(join(directory, 'xdg', 'huggingface', 'token'), 'xdg')
  await write(join(directory, '.cache', 'huggingface', 'token'), 'default')
  const steps: [Record<string, string>, string, string][] = [
    [{}, 'default', join(directory, '.cache/huggingface/token')],
    [{ XDG_CACHE_HOME: join(directory, 'xdg') }, 'xdg', join(directory, 'xdg/huggingface/token')],
    [{ HF_HOME: join(directory, 'hf') }, 'hf', join(directory, 'hf/token')],
    [{ HF_TOKEN_PATH: path }, 'path', path],
    [{ HUGGING_FACE_HUB_TOKEN: 'older' }, 'older', 'HUGGING_FACE_HUB_TOKEN'],
    [{ HF_TOKEN_FILE: join(directory, 'variable') }, 'variable', join(directory, 'variable')],
    [{ HF_TOKEN: 'first' }, 'first', 'HF_TOKEN'],
  ]
  const env: Record<string, string> = {}
  for (const [more, value, source] of steps) {
    Object.assign(env, more)
    const token = await find(directory, env)
    assert.equal(token.value, value)
    assert.ok(token.source.endsWith(source), token.source)
  }
  assert.equal((await find(directory, env, own)).value, 'own')
  assert.equal(
    (await find(directory, { ...env, HF_TOKEN: '', HF_TOKEN_FILE: '', HUGGING_FACE_HUB_TOKEN: ' ' })).value,
    'path',
  )
  assert.equal((await find(directory, { HF_TOKEN_PATH: '~/some/token-path' })).value, 'path')
  assert.equal((await find(directory, { HF_HOME: '$BASE/hf', BASE: directory })).value, 'hf')
})

test('white space and line breaks around a token do not count', async t => {
  const directory = await home(t)
  assert.equal((await find(directory, { HF_TOKEN: ' hf_a\r\n' })).value, 'hf_a')
  await write(join(directory, 'file'), '\ufeffhf_b\r\n\n')
  assert.equal((await find(directory, { HF_TOKEN_PATH: join(directory, 'file') })).value, 'hf_b')
})

test('a rotated file is read again', async t => {
  const path = join(await home(t), 'token')
  const source = createTokenSource({ env: {}, homeDirectory: '/', tokenFiles: new Map([['acme', path]]) })
  await write(path, 'one')
  assert.equal((await source(ORGANIZATION)).value, 'one')
  await write(path, 'two')
  assert.equal((await source(ORGANIZATION)).value, 'two')
})

test('a missing token names all the places', async t => {
  const directory = await home(t)
  await assert.rejects(find(directory, {}), (error: Error & { code: string }) => {
    assert.equal(error.code, 'CONFIG_INVALID')
    for (const place of [
      'HF_TOKEN',
      'HF_TOKEN_FILE',
      'HUGGING_FACE_HUB_TOKEN',
      join(directory, '.cache/huggingface/token'),
    ]) {
      assert.ok(error.message.includes(place), place)
    }
    return true
  })
  await assert.rejects(
    find(directory, { HF_TOKEN: 'x' }, join(directory, 'missing')),
    /tokenFile of organization acme names .*missing/,
  )
  await assert.rejects(find(directory, { HF_TOKEN_FILE: join(directory, 'missing') }), /HF_TOKEN_FILE names/)
  await assert.rejects(
    find(directory, { HF_TOKEN_PATH: directory }),
    /cannot be read .*EISDIR.*It is a directory: name the file/,
  )
})

test('what cannot stand in a header is refused without being shown', async t => {
  const directory = await home(t)
  for (const secret of ['hf_se cret', 'hf_sécret', 'hf_se\u0000cret', 'x'.repeat(5000)]) {
    await assert.rejects(find(directory, { HF_TOKEN: secret }), (error: Error) => {
      assert.match(error.message, /What HF_TOKEN holds \(\d+ characters\) cannot be a token/)
      assert.ok(!error.message.includes(secret.slice(0, 5)))
      return true
    })
  }
})
