import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { commandLine, sharedRunner } from '../../support/hub-commands.ts'

after(() => sharedRunner().stop())

test('each type of repository by its address or by --type, each visibility it can have', async t => {
  const line = await commandLine(t)
  const visibility = async (id: string) =>
    (await line.objects('org', 'repositories')).find(one => one.id === id)!.visibility
  const change = (...parameters: string[]) => line.output('repo', 'visibility', ...parameters, '--yes')
  for (const [parameters, id, expected] of [
    [['example-org/atlas-7b-instruct', 'private'], 'example-org/atlas-7b-instruct', 'private'],
    [['models/example-org/atlas-7b-instruct', 'public'], 'example-org/atlas-7b-instruct', 'public'],
    [['datasets/example-org/leaderboard', 'private'], 'example-org/leaderboard', 'private'],
    [['example-org/leaderboard', 'public', '--type', 'dataset'], 'example-org/leaderboard', 'public'],
    [['spaces/example-org/street-scenes', 'protected'], 'example-org/street-scenes', 'protected'],
    [
      ['buckets/example-org/nightly-checkpoints', 'private', '--cdn-region', 'aws:eu'],
      'example-org/nightly-checkpoints',
      'private',
    ],
    [
      ['buckets/example-org/nightly-checkpoints', 'public', '--cdn-region', 'none'],
      'example-org/nightly-checkpoints',
      'public',
    ],
  ] as const) {
    assert.match(await change(...parameters), new RegExp(`^The \\w+ ${id} is ${expected} now\\.\\n$`))
    assert.equal(await visibility(id), expected)
  }
})

test('what the Hub does not have is refused with what to use, before anything is sent', async t => {
  const line = await commandLine(t)
  const before = line.hub.state().requests.total
  for (const [parameters, words] of [
    [['example-org/atlas-7b-instruct', 'internal'], /no visibility "internal".*use private/],
    [['example-org/atlas-7b-instruct', 'protected'], /Only a Space can be protected/],
    [['example-org/atlas-7b-instruct', 'privat'], /did you mean "private"\?/],
    [['atlas-7b-instruct', 'private'], /"atlas-7b-instruct" is not a repository/],
    [
      ['datasets/example-org/leaderboard', 'private', '--type', 'model'],
      /is a dataset, and --type says model/,
    ],
    [['buckets/example-org/nightly-checkpoints', 'private'], /CDN regions/],
    [['buckets/example-org/nightly-checkpoints', 'private', '--cdn-region', 'eu'], /"eu" is no CDN region/],
  ] as const) {
    const { code, stdout, stderr } = await line.run(['repo', 'visibility', ...parameters, '--yes'])
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, words)
  }
  assert.equal(line.hub.state().requests.total, before)
})
