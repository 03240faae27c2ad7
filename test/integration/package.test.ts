import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startDocumentedHub } from '../hub/enterprise/documented-hub.ts'
import { NEW_TOKEN } from '../hub/enterprise/examples.ts'
import { TOKEN } from '../hub/hub-server.ts'
import { projectRoot } from '../support/stack/project-root.ts'
import { runTool } from '../support/stack/run-tool.ts'
import { temporaryFolder } from '../support/stack/temporary-folder.ts'

/** Beside the packed files: what npm installs for a user, which is not what this project needs to be built. */
const OF_DEVELOPMENT = new Set(['.bin', '.package-lock.json', '@types', 'typescript', 'node'])

const TSC = join(projectRoot, 'node_modules/typescript/bin/tsc')

/**
 * A folder with nothing but the packed package in its node_modules, and its dependencies as links: `npm install` of the
 * same file would fetch them, and tests talk to nobody.
 */
async function installed(t: TestContext): Promise<string> {
  const folder = await temporaryFolder('package')
  t.after(() => folder.remove())
  const build = join(folder.path, 'build')
  await mkdir(build)
  const { files } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
    files: string[]
  }
  for (const file of ['package.json', ...files.filter(file => file !== 'dist')])
    await cp(join(projectRoot, file), join(build, file), { recursive: true })
  await runTool(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', join(build, 'dist')], {
    cwd: projectRoot,
  })
  await runTool('npm', ['pack', '--ignore-scripts', '--offline', '--silent'], { cwd: build })
  const packed = (await readdir(build)).find(name => name.endsWith('.tgz'))!

  const modules = join(folder.path, 'app/node_modules')
  await mkdir(join(modules, 'hf-audit-connector'), { recursive: true })
  await runTool('tar', ['-xzf', packed, '--strip-components=1', '-C', join(modules, 'hf-audit-connector')], {
    cwd: build,
  })
  for (const name of await readdir(join(projectRoot, 'node_modules'))) {
    if (!OF_DEVELOPMENT.has(name)) await symlink(join(projectRoot, 'node_modules', name), join(modules, name))
  }
  await writeFile(join(folder.path, 'app/package.json'), '{"type":"module"}')
  return join(folder.path, 'app')
}

const PROGRAM = `
import { ConnectorError, HubClient, myOrgRole } from 'hf-audit-connector'

const [endpoint, accessToken] = process.argv.slice(2)
const client = new HubClient({ endpoint, accessToken })
console.log(await client.myOrgRole('acme'), await myOrgRole('acme', { endpoint, accessToken }))
try {
  await client.setRepoInternalVisibility('acme/model', 'internal')
} catch (error) {
  console.log(error instanceof ConnectorError, error.code)
}
`

const TYPED_PROGRAM = `
import { type CreatedToken, HubClient, type Member, type OrgRole, setMemberRole } from 'hf-audit-connector'

const client = new HubClient({ accessToken: 'hf_x', signal: AbortSignal.timeout(1000) })
const members: Member[] = await client.listMembers('acme', { search: 'j' })
const email: string | null | undefined = members[0]?.verifiedEmail
const role: OrgRole = 'contributor'
await setMemberRole('acme', members[0]!.user, role, { accessToken: 'hf_x' })
const created: CreatedToken = await client.createToken('acme', 'ci', { name: 'deploy', role: 'write' })
for await (const member of client.streamMembers('acme')) member.user satisfies string
// @ts-expect-error Not a role.
await client.setMemberRole('acme', 'jdoe', 'owner')
// @ts-expect-error No such visibility.
await client.setRepoInternalVisibility('acme/model', 'internal')
// @ts-expect-error It has a name.
await client.createToken('acme', 'ci', { role: 'read' })
export { created, email }
`

test('the packed package is a library for programs in JavaScript and TypeScript', async t => {
  const app = await installed(t)
  const hub = await startDocumentedHub(t)

  await t.test('an ES module imports it, calls the Hub and ends', async () => {
    await writeFile(join(app, 'program.js'), PROGRAM)
    const said = await runTool(process.execPath, ['program.js', hub.endpoint, 'hf_packed'], { cwd: app })
    assert.equal(said, 'write write\ntrue CONFIG_INVALID\n')
    assert.equal(hub.received[0]!.headers.authorization, 'Bearer hf_packed')
    assert.match(hub.received[0]!.headers['user-agent']!, /^hf-audit-connector\/\d/)
  })

  await t.test('a strict TypeScript program needs no types but its own', async () => {
    await writeFile(join(app, 'program.ts'), TYPED_PROGRAM)
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
    }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    const listed = await runTool(process.execPath, [TSC, '-p', '.', '--listFiles'], { cwd: app })
    const outside = listed
      .split('\n')
      .filter(path => path.endsWith('.d.ts') || path.endsWith('.d.mts') || path.endsWith('.d.cts'))
      .filter(path => !/\/typescript[^/]*\/lib\/lib\.|\/zod\/|\/hf-audit-connector\/dist\//.test(path))
    assert.deepEqual(outside, [])
    assert.match(listed, /dist\/library\.d\.ts/)
  })

  await t.test('the examples of docs/library.md compile, and run from the first to the last', async () => {
    const guide = await readFile(join(projectRoot, 'docs/library.md'), 'utf8')
    const examples = Array.from(guide.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code!)
    assert.ok(examples.length >= 9)
    await writeFile(join(app, 'guide.ts'), examples.join('\n'))
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(projectRoot, 'node_modules/@types')],
    }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['guide.ts'] }))
    await runTool(process.execPath, [TSC, '-p', '.'], { cwd: app })

    hub.received.length = hub.violations.length = 0
    const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: TOKEN }
    const said = await runTool(process.execPath, ['guide.ts'], { cwd: app, env })
    assert.deepEqual(hub.violations, [])
    assert.ok(hub.received.length > 30)
    assert.ok(!said.includes(NEW_TOKEN) && !said.includes(TOKEN))
  })

  await t.test('nothing else of the package can be imported', async () => {
    const script = `await import('hf-audit-connector/dist/cli.js').catch(error => console.log(error.code))`
    const said = await runTool(process.execPath, ['--input-type=module', '--eval', script], { cwd: app })
    assert.equal(said, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })
})
