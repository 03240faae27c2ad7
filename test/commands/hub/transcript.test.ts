import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  ROLE_PERMISSIONS,
  TOKEN_PERMISSIONS,
  TOKEN_ROLES,
} from '../../../src/hub/enterprise/token-permissions.ts'
import { projectFolder } from '../../support/child-process.ts'
import { sharedRunner } from '../../support/hub-commands.ts'
import { renderTranscript, TRANSCRIPT_PATH } from '../../support/hub-transcript.ts'

after(() => sharedRunner().stop())

const read = (path: string): string => readFileSync(join(projectFolder, path), 'utf8')

test('the committed transcript is what the commands answer now', async () => {
  const answered = (await renderTranscript(sharedRunner())).split('\n')
  const committed = read(TRANSCRIPT_PATH).split('\n')
  const at = answered.findIndex((text, index) => text !== committed[index])
  const mend = `${TRANSCRIPT_PATH} is old: npm exec -- node test/support/hub-transcript.ts --write`
  assert.deepEqual([answered[at], answered.length], [committed[at], committed.length], mend)
})

test('the guide says of each endpoint what the Hub’s document says', () => {
  const { paths } = JSON.parse(read('test/fixtures/hub-openapi-excerpt.json')) as {
    paths: Record<string, Record<string, unknown>>
  }
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
  const named = [
    ...read('docs/enterprise.md').matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/api\/[^`]+)`/g),
  ].map(([, endpoint]) => endpoint!)
  assert.deepEqual(
    named.filter(endpoint => !documented.includes(endpoint)),
    [],
  )
  assert.deepEqual(
    documented.filter(endpoint => !named.includes(endpoint)),
    [],
    'not in the guide',
  )
})

test('the guide’s table of roles is the one in use', () => {
  const guide = read('docs/enterprise.md')
  for (const role of TOKEN_ROLES) {
    const permissions = ROLE_PERMISSIONS[role].map(permission => `\`${permission}\``).join(', ')
    assert.ok(guide.includes(`| \`${role}\` | ${permissions} |`), role)
  }
  assert.equal(ROLE_PERMISSIONS.admin.length, TOKEN_PERMISSIONS.length)
})
