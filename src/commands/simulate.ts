import { Command, InvalidArgumentError, Option } from 'commander'
import type { SimulatorOptions } from '../simulator/simulator.ts'

const DEFAULT_PORT = 8088
/** Any token will do unless `--token` is given; this one says what it is. */
const INVENTED_TOKEN = 'hf_simulated'

interface Options {
  organizations: string[]
  events: number
  rate: number
  order: NonNullable<SimulatorOptions['order']>
  cap: number
  eventBytes: number
  seed: number
  live?: boolean
  exportEvents?: boolean
  gzip?: boolean
  prepared?: boolean
  token?: string
  tokenExpires?: number
  role: NonNullable<SimulatorOptions['role']>
  plan: NonNullable<SimulatorOptions['plan']>
  members: number
  host: string
  port: number
  json?: boolean
}

const EXAMPLES = `
Examples:
  A Hub whose log grows by one event a second
    $ hf-audit simulate
  100,000 events of about 10 KB, on any free port, its address as JSON
    $ hf-audit simulate --events 100000 --event-bytes 10000 --rate 0 --port 0 --json
  Two organizations, and a log that also records its own exports
    $ hf-audit simulate --organizations example-org,other-example --export-events

While it runs (each control is a POST with a JSON body; GET /_control/state shows everything):
  The next two exports fail
    $ curl localhost:${DEFAULT_PORT}/_control/fault -d '{"kind":"status","status":503,"retryAfter":2,"times":2}'
  The next export breaks off
    $ curl localhost:${DEFAULT_PORT}/_control/fault -d '{"kind":"reset","afterBytes":5000,"times":1}'
  Three events appear late, with an old createdAt
    $ curl localhost:${DEFAULT_PORT}/_control/append -d '{"events":3,"createdAt":"2026-01-01T00:00:00Z"}'
  All is well again
    $ curl -X POST localhost:${DEFAULT_PORT}/_control/clear-faults
  The user whose token is in use is no admin any more; the organization awaits approval of the token
    $ curl localhost:${DEFAULT_PORT}/_control/access -d '{"role":"read","restriction":"pending-approval"}'

What it answers, in the shapes of the Hub's OpenAPI document (a call that changes something is seen by the next one,
and the organization's log tells it; network security is kept and not enforced, and asks for --plan plus):
  GET            /api/organizations/{name}/audit-log/export
  GET            /api/whoami-v2
  POST           /api/credentials/revoke
  GET            /api/organizations/{name}/members
  PUT            /api/organizations/{name}/members/{username}/role
  POST           /api/organizations/{name}/settings/tokens/{tokenId}/revoke
  GET, POST      /api/organizations/{name}/service-accounts
  GET, DELETE    /api/organizations/{name}/service-accounts/{serviceAccountId}
  POST           /api/organizations/{name}/service-accounts/{serviceAccountId}/tokens
  PATCH, DELETE  /api/organizations/{name}/service-accounts/{serviceAccountId}/tokens/{tokenId}
  POST           /api/organizations/{name}/service-accounts/{serviceAccountId}/tokens/{tokenId}/rotate
  GET, PATCH     /api/organizations/{name}/settings/network-security
  GET            /api/organizations/{name}/settings/repositories
  PUT            /api/models/{namespace}/{repo}/settings
  PUT            /api/datasets/{namespace}/{repo}/settings
  PUT            /api/spaces/{namespace}/{repo}/settings
  PUT            /api/buckets/{namespace}/{repo}/settings
Any token is that of one user with the role of --role, until it is revoked; tokens that service accounts are given here
stand for them, with the permissions they were given.
A fault is for exports unless its "endpoint" says otherwise: export, whoami, members, member-role, member-tokens,
service-accounts, service-account-tokens, network-security, repositories, repository-settings, credentials, any.
`

/** `hf-audit simulate`: a local Hub with invented events, until SIGTERM or SIGINT. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Run a local Hub with invented organizations and audit-log events, to try everything here without an account. It answers on this machine only.',
    )
    .addOption(
      new Option('--organizations <names>', 'comma list of organizations')
        .argParser(names)
        .default(['example-org'], 'example-org'),
    )
    .option('--events <number>', 'events in each log at the start', whole(0), 1_000)
    .option('--rate <number>', 'events a second by which each log grows', decimal, 1)
    .addOption(
      new Option('--order <order>', 'order of the elements in an export')
        .choices(['newest-first', 'oldest-first', 'shuffled'])
        .default('newest-first'),
    )
    .option('--cap <number>', 'elements of an export at most', whole(1), 100_000)
    .option('--event-bytes <number>', 'about how long an event is', whole(1), 750)
    .option('--seed <number>', 'decides every event', whole(0), 1)
    .option('--live', 'events that arrive carry the present time, not the next one in January 2026')
    .option('--export-events', 'every export appends an org.audit_log.export event')
    .option('--gzip', 'compress for clients that accept it')
    .option('--prepared', 'render exports once into a temporary file, to measure the reader alone')
    .option('--token <token>', 'accept this bearer token only, and those of service accounts (default: any)')
    .option('--token-expires <time>', 'when whoami-v2 says the token expires, RFC 3339', time)
    .addOption(
      new Option('--role <role>', 'role in the organizations of the user whose token is in use')
        .choices(['admin', 'write', 'contributor', 'read', 'no_access'])
        .default('admin'),
    )
    .addOption(
      new Option('--plan <plan>', 'plan of the organizations')
        .choices(['team', 'enterprise', 'plus', 'academia', 'none'])
        .default('enterprise'),
    )
    .option('--members <number>', 'members of each organization', whole(1), 25)
    .option('--host <address>', 'loopback address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 for any free one', whole(0), DEFAULT_PORT)
    .option('--json', 'print the address as one JSON line')
    .addHelpText('after', EXAMPLES)
    .action(simulate)
}

async function simulate(options: Options): Promise<void> {
  const { tokenExpires, json, ...rest } = options
  // Nothing is worth finishing, and temporary files have no names: the end is at once, even while it prepares.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))
  const { createSimulator } = await import('../simulator/simulator.ts')
  const simulator = createSimulator({
    ...rest,
    ...(tokenExpires !== undefined && { tokenExpiresAtMs: tokenExpires }),
  })
  const { url, port } = await simulator.start()
  if (json === true)
    process.stdout.write(`${JSON.stringify({ url, port, organizations: options.organizations })}\n`)
  else process.stdout.write(welcome(url, options))
}

function welcome(url: string, options: Options): string {
  const token = options.token === undefined ? INVENTED_TOKEN : '<the token given>'
  const growth = options.rate === 0 ? 'and does not grow' : `and grows by ${options.rate} a second`
  return [
    `Simulated Hub at ${url}`,
    `Each log of ${options.organizations.join(', ')} has ${options.events.toLocaleString('en-US')} invented events ${growth}.`,
    '',
    'Publish it, in another terminal:',
    `  HF_ENDPOINT=${url} HF_TOKEN=${token} HF_AUDIT_ORGANIZATIONS=${options.organizations.join(',')} hf-audit run`,
    '',
    'It also answers members, roles, service accounts and their tokens, network security and repository settings.',
    `What it answers, faults, late events: hf-audit simulate --help. State: ${url}/_control/state. Ctrl-C ends it.`,
    '',
  ].join('\n')
}

function names(text: string): string[] {
  const list = text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  if (list.length === 0) throw new InvalidArgumentError('It must name at least one organization.')
  return list
}

function whole(least: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`)
  }
}

function decimal(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('It must be a number of at least 0.')
}

function time(text: string): number {
  const value = Date.parse(text)
  if (!Number.isNaN(value)) return value
  throw new InvalidArgumentError('It must be a time like 2027-01-31T00:00:00Z.')
}
