import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { simulateCommand } from '../../src/commands/simulate.ts'
import { ROUTES } from '../../src/simulator/api/routes.ts'
import { ENDPOINTS } from '../../src/simulator/faults.ts'

/** The command alone in a process of its own; exits 2 where it throws, as the whole command line would. */
const SCRIPT = `
import { simulateCommand } from ${JSON.stringify(new URL('../../src/commands/simulate.ts', import.meta.url).href)}
try {
  await simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' })
} catch (error) {
  console.error(error.message)
  process.exit(error.code === 'CONFIG_INVALID' ? 2 : 1)
}`

function spawned(t: TestContext, args: string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, '--', ...args])
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function firstOutput(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [chunk] = await once(child.stdout, 'data')
  return String(chunk)
}

test('it says where it is and how to use it, and SIGTERM or SIGINT end it with exit 0', async t => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = spawned(t, ['--port', '0', '--organizations', 'example-org, other-example', '--rate', '0'])
    const text = await firstOutput(child)
    const url = /at (http:\/\/127\.0\.0\.1:\d+)\n/.exec(text)?.[1]
    assert.ok(
      text.includes(
        `HF_ENDPOINT=${url} HF_TOKEN=hf_simulated HF_AUDIT_ORGANIZATIONS=example-org,other-example hf-audit run`,
      ),
      text,
    )
    const exported = fetch(`${url}/api/organizations/other-example/audit-log/export`, {
      headers: { authorization: 'Bearer hf_simulated' },
    })
    assert.equal(((await (await exported).json()) as unknown[]).length, 1_000)
    child.kill(signal)
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  }
})

test('a required token is not printed; --json is for programs', async t => {
  const child = spawned(t, [
    '--port',
    '0',
    '--json',
    '--token',
    'hf_simulated_secret',
    '--events',
    '3',
    '--prepared',
  ])
  const { url, port, organizations } = JSON.parse(await firstOutput(child))
  assert.equal(url, `http://127.0.0.1:${port}`)
  assert.deepEqual(organizations, ['example-org'])
  const ask = (token: string) =>
    fetch(`${url}/api/whoami-v2`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal((await ask('hf_other')).status, 401)
  assert.equal((await ask('hf_simulated_secret')).status, 200)

  const taken = spawned(t, ['--port', String(port), '--token', 'hf_simulated_secret'])
  let errors = ''
  taken.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const [code] = await once(taken, 'close')
  assert.equal(code, 2)
  assert.match(errors, new RegExp(`Port ${port} is in use`))
  assert.ok(!errors.includes('hf_simulated_secret'))
})

test('options that make no sense are refused by name', async () => {
  for (const [args, message] of [
    [['--events', '1.5'], /--events.*whole number/],
    [['--rate', 'fast'], /--rate.*at least 0/],
    [['--order', 'sorted'], /--order.*newest-first, oldest-first, shuffled/],
    [['--organizations', ','], /--organizations.*at least one/],
    [['--token-expires', 'soon'], /--token-expires.*2027-01-31/],
    [['--members', '0'], /--members.*at least 1/],
    [['--host', '0.0.0.0'], /loopback/],
  ] as const) {
    const command = simulateCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
    await assert.rejects(command.parseAsync([...args], { from: 'user' }), { message })
  }
})

test('--help lists every call that is answered, and every family that a fault may be for', () => {
  let help = ''
  simulateCommand()
    .configureOutput({ writeOut: text => (help += text) })
    .outputHelp()
  const listed = [...help.matchAll(/^ {2}([A-Z]+(?:, [A-Z]+)*) +(\/api\/\S+)$/gm)].flatMap(
    ([, methods, path]) => methods!.split(', ').map(method => `${method} ${path}`),
  )
  assert.deepEqual(listed.toSorted(), ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted())
  const families = /says otherwise: ([^.]+), any\./.exec(help)![1]!.split(/,\s+/)
  assert.deepEqual(families, [...ENDPOINTS])
})
