import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { type CommandResult, type CommandRunner, startCommandRunner } from './command-runner.ts'

export const organization = 'example-org'

/** Invented; each is one that the secret scan looks for. */
export const SECRETS = {
  reader: 'hf_inventedReaderOfNobody0001',
  admin: 'hf_inventedAdminOfNobody00002',
} as const

export interface CommandLine {
  readonly hub: Simulator
  readonly url: string
  /** The variables of a script that may change things. */
  readonly environment: Readonly<Record<string, string>>
  /** With these variables beside or instead of those above. Fails when a secret is in the output. */
  run(parameters: readonly string[], variables?: Readonly<Record<string, string>>): Promise<CommandResult>
  /** `run` that must end with 0; what it wrote to stdout. */
  output(...parameters: string[]): Promise<string>
  /** The objects that it writes with `--json`, one a line. */
  objects(...parameters: string[]): Promise<Record<string, unknown>[]>
}

let shared: CommandRunner | undefined

/** One runner for a test file: end it in `after`. */
export function sharedRunner(): CommandRunner {
  shared ??= startCommandRunner()
  return shared
}

/** A simulated Hub of this test alone, and command lines that are pointed at it. */
export async function commandLine(t: TestContext, options: SimulatorOptions = {}): Promise<CommandLine> {
  const hub = createSimulator({ organizations: [organization], events: 200, plan: 'plus', ...options })
  const { url } = await hub.start()
  t.after(() => hub.stop())
  const environment = {
    HF_ENDPOINT: url,
    HF_TOKEN: SECRETS.reader,
    HF_AUDIT_ADMIN_TOKEN: SECRETS.admin,
    HF_AUDIT_ORGANIZATIONS: organization,
  }
  const run: CommandLine['run'] = async (parameters, variables = {}) => {
    const result = await sharedRunner().run(parameters, { ...environment, ...variables })
    assertNoSecret(result, parameters)
    return result
  }
  const output: CommandLine['output'] = async (...parameters) => {
    const { code, stdout, stderr } = await run(parameters)
    assert.equal(code, 0, `hf-audit ${parameters.join(' ')}: ${stderr}`)
    return stdout
  }
  return {
    hub,
    url,
    environment,
    run,
    output,
    async objects(...parameters) {
      return linesOf(await output(...parameters, '--json')).map(
        line => JSON.parse(line) as Record<string, unknown>,
      )
    },
  }
}

export function linesOf(text: string): string[] {
  return text.split('\n').filter(line => line !== '')
}

/** No configured secret anywhere; anything that looks like a token at most on stdout, where a new one is printed. */
export function assertNoSecret(
  { stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>,
  parameters: readonly string[],
): void {
  const what = `hf-audit ${parameters.join(' ')}`
  for (const secret of Object.values(SECRETS))
    assert.ok(!`${stdout}${stderr}`.includes(secret), `${what} shows a token`)
  assert.doesNotMatch(stderr, /\bhf_\w{8,}/, `${what} shows a token on stderr`)
  const isNew = parameters[0] === 'tokens' && ['create', 'rotate'].includes(parameters[1]!)
  if (!isNew) assert.doesNotMatch(stdout, /\bhf_\w{8,}/, `${what} shows a token`)
}

export interface TokenIds {
  readonly account: string
  readonly token: string
}

/** Of the simulated Hub's token `deploy`. */
export async function deployToken({ objects }: Pick<CommandLine, 'objects'>): Promise<TokenIds> {
  const found = (await objects('tokens', 'list')).find(({ displayName }) => displayName === 'deploy')
  assert.ok(found, 'the simulated Hub has a token deploy')
  return { account: (found.serviceAccount as { _id: string })._id, token: found._id as string }
}
