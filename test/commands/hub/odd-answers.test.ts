import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { after, type TestContext, test } from 'node:test'
import { startServer } from '../../hub/hub-server.ts'
import { startHfAudit } from '../../support/child-process.ts'
import { SECRETS, sharedRunner } from '../../support/hub-commands.ts'

/** What is told when the Hub's answer is not what a change should have brought. */

after(() => sharedRunner().stop())

async function environmentOf(t: TestContext, answer: RequestListener): Promise<Record<string, string>> {
  const { origin } = await startServer(t, (request, response) => {
    request.resume().on('end', () => answer(request, response))
  })
  return {
    HF_ENDPOINT: origin,
    HF_AUDIT_ADMIN_TOKEN: SECRETS.admin,
    HF_AUDIT_ORGANIZATIONS: 'acme',
  }
}

const json = { 'content-type': 'application/json' }

test('a visibility that the Hub took and did not set is no success', async t => {
  for (const [answer, told] of [
    ['{"private":false,"visibility":"public"}', 'public'],
    ['{"private":false}', 'public'],
    ['{"private":true}', undefined],
    ['{}', undefined],
  ] as const) {
    const environment = await environmentOf(t, (_, response) => response.writeHead(200, json).end(answer))
    const change = ['repo', 'visibility', 'acme/model', 'private', '--yes']
    const { code, stdout, stderr } = await sharedRunner().run(change, environment)
    assert.equal(code, told === undefined ? 0 : 1, answer)
    assert.match(stdout, new RegExp(`is ${told ?? 'private'} now`))
    assert.match(
      stderr,
      told === undefined ? /^$/ : /took the change to private, and answers that it is public/,
    )
  }
})

test('how many leaked tokens were taken is told when the rest were not', async t => {
  let asked = 0
  const environment = await environmentOf(t, (_, response) => {
    asked += 1
    response.writeHead(asked === 1 ? 200 : 429, json).end(asked === 1 ? '' : '{"error":"slower"}')
  })
  const values = Array.from({ length: 1_500 }, (_, index) => `hf_inventedLeak${index}\n`).join('')
  const { code, stdout, stderr } = await sharedRunner().run(
    ['tokens', 'revoke-leaked', '--yes'],
    environment,
    values,
  )
  assert.deepEqual([code, stdout, asked], [6, '', 2])
  assert.match(stderr, /took the first 1,?000 values, not all 1500/)
})

test('Ctrl-C while a change is under way says that its outcome is not known', async t => {
  const asked = Promise.withResolvers<void>()
  const environment = await environmentOf(t, () => asked.resolve())
  const changing = startHfAudit(['repo', 'visibility', 'acme/model', 'private', '--yes'], environment)
  t.after(() => changing.kill('SIGKILL'))
  await asked.promise
  changing.kill('SIGINT')
  assert.equal(await changing.ended, 1)
  assert.equal(changing.stdout(), '')
  assert.match(changing.stderr(), /Whether it was made is not known/)
})
