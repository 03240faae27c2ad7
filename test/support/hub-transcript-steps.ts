import type { Simulator } from '../../src/simulator/simulator.ts'

/** A command line of the transcript, and what happens at the simulated Hub before it. */
export interface Step {
  readonly parameters: readonly string[]
  readonly before?: (hub: Simulator) => void
  /** Beside the variables of the transcript, or instead of them; empty for not set. Shown before the command. */
  readonly variables?: Readonly<Record<string, string>>
  /** What standard input holds. */
  readonly input?: string
  /** What is not to be seen otherwise. */
  readonly note?: string
}

export interface Section {
  readonly title: string
  readonly about: string
  readonly steps: readonly Step[]
}

const ALL_PERMISSIONS = [
  'org.read',
  'org.write',
  'org.serviceAccounts.read',
  'org.serviceAccounts.write',
  'repo.write',
]
const ACCOUNT = ['--service-account', 'Inventory (example)']
const OIDC = ['--provider', 'oidc', '--sso-url', 'https://idp.example', '--client-id', 'hub']
const SAML = ['--provider', 'saml', '--sso-url', 'https://idp.example/sso', '--certificate-file']

const run = (...parameters: string[]): Step => ({ parameters })
const refusedBy = (
  note: string,
  fault: Parameters<Simulator['fault']>[0],
  ...parameters: string[]
): Step => ({
  parameters,
  note,
  before: hub => void hub.fault({ ...fault, times: 1 } as Parameters<Simulator['fault']>[0]),
})
const withAccess = (
  note: string,
  access: Parameters<Simulator['setAccess']>[0],
  ...parameters: string[]
): Step => ({ parameters, note, before: hub => hub.setAccess(access) })

/** In this order, at one simulated Hub: what a command changes is seen by the next. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'The log',
    about: '`audit_logs`, `stream_audit_logs`. More of it: [events.md](events.md).',
    steps: [
      run('events', '--limit', '3'),
      run('events', '--action', 'member.role_change', '--limit', '1', '--json'),
    ],
  },
  {
    title: 'Roles',
    about: '`my_org_role`, `has_org_role?`.',
    steps: [
      run('org', 'role'),
      run('org', 'role', '--json'),
      run('org', 'has-role', 'write'),
      withAccess('The role is read now.', { role: 'read' }, 'org', 'has-role', 'write'),
      run('org', 'role', '--organization', 'somebody-else'),
      withAccess('And admin again.', { role: 'admin' }, 'org', 'has-role', 'owner'),
    ],
  },
  {
    title: 'Members',
    about: '',
    steps: [
      run('org', 'members', '--limit', '4'),
      run('org', 'members', '--search', 'carol', '--json'),
      run('org', 'set-role', 'carol-example', 'write', '--dry-run'),
      run('org', 'set-role', 'carol-example', 'write', '--yes'),
      run('org', 'set-role', 'nobody-example', 'write', '--yes'),
      run('org', 'resource-groups'),
    ],
  },
  {
    title: 'Service accounts',
    about: '',
    steps: [
      run('org', 'service-accounts', 'list'),
      run('org', 'service-accounts', 'create', 'nightly', '--description', 'Builds at night', '--yes'),
      run('org', 'service-accounts', 'show', 'nightly'),
      run('org', 'service-accounts', 'show', 'nigthly'),
      run('org', 'service-accounts', 'delete', 'nightly', '--yes', '--json'),
    ],
  },
  {
    title: 'Tokens',
    about: '`list_tokens`, `create_token`, `revoke_token`.',
    steps: [
      run('tokens', 'list'),
      run('tokens', 'current'),
      run('tokens', 'create', 'nightly', ...ACCOUNT, '--role', 'write', '--dry-run'),
      run('tokens', 'create', 'nightly', ...ACCOUNT, '--role', 'write', '--yes'),
      run('tokens', 'create', 'nightly', ...ACCOUNT, '--yes', '--json'),
      run('tokens', 'create', 'nightly', ...ACCOUNT, '--expires-at', '2027-01-01', '--yes'),
      run('tokens', 'revoke', 'nightly', '--yes'),
      run('tokens', 'rotate', 'deploy', '--yes'),
      run('tokens', 'update', 'deploy', '--role', 'read', '--yes'),
      run('tokens', 'revoke', 'deploy', '--dry-run', '--json'),
      run('tokens', 'revoke', 'deploy', '--yes'),
      run('tokens', 'revoke', 'inventori', '--yes'),
      run('tokens', 'revoke-member', '66b0c1f2a9d3e4f5a6b7c8d9', '--yes'),
      run('tokens', 'revoke', 'hf_inventedToken', '--yes'),
      { ...run('tokens', 'revoke-leaked', '--yes'), input: 'hf_inventedLeak1\nhf_inventedLeak2\n' },
      { ...run('tokens', 'revoke-leaked', '--dry-run'), input: 'hf_inventedLeak1\n' },
      { ...run('tokens', 'revoke-leaked', '--yes'), input: 'no token at all\n' },
    ],
  },
  {
    title: 'Single sign-on',
    about: '`get_sso_config`, `update_sso_config`.',
    steps: [
      run('sso', 'show'),
      run('sso', 'validate', ...SAML, 'test/fixtures/sso/idp.pem'),
      run('sso', 'update', ...SAML, 'test/fixtures/sso/idp.pem', '--enabled', 'true'),
      run('sso', 'update', ...SAML, 'test/fixtures/sso/expired.pem'),
      {
        ...run('sso', 'validate', ...OIDC, '--client-secret-file', '-'),
        input: 'invented-secret\n',
      },
      run('sso', 'update', ...OIDC, '--client-secret', 'invented-secret'),
      run('sso', 'update', '--provider', 'oidc', '--sso-url', 'http://idp.example', '--client-id', 'hub'),
    ],
  },
  {
    title: 'Visibility of repositories',
    about: '`set_repo_visibility`, `set_repo_internal_visibility`.',
    steps: [
      run('org', 'repositories', '--limit', '4'),
      run('repo', 'visibility', 'example-org/atlas-7b-instruct', 'private', '--dry-run'),
      run('repo', 'visibility', 'example-org/atlas-7b-instruct', 'private', '--yes'),
      run('repo', 'visibility', 'spaces/example-org/street-scenes', 'protected', '--yes', '--json'),
      run(
        'repo',
        'visibility',
        'buckets/example-org/cirrus-speech',
        'public',
        '--cdn-region',
        'aws:eu',
        '--yes',
      ),
      run('repo', 'visibility', 'example-org/atlas-7b-instruct', 'internal', '--yes'),
    ],
  },
  {
    title: 'Network security',
    about: '',
    steps: [
      run('org', 'network-security', 'show'),
      run(
        'org',
        'network-security',
        'update',
        '--ip-range',
        '192.0.2.0/24',
        '--enforce-ip-restriction',
        'true',
        '--yes',
      ),
      run('org', 'network-security', 'update', '--ip-range', '192.0.2.1', '--yes'),
    ],
  },
  {
    title: 'What is refused here',
    about: 'Nothing is sent.',
    steps: [
      { ...run('tokens', 'revoke', 'build', '--yes'), variables: { HF_AUDIT_READ_ONLY: 'true' } },
      { ...run('tokens', 'revoke', 'build', '--yes'), variables: { HF_AUDIT_ADMIN_TOKEN: '' } },
      run('tokens', 'revoke', 'build'),
      run('tokens', 'rvoke', 'build'),
    ],
  },
  {
    title: 'What the Hub refuses',
    about: 'Every documented error once.',
    steps: [
      run('org', 'members', '--email', 'no-address'),
      refusedBy('A wrong token.', { kind: 'status', endpoint: 'members', status: 401 }, 'org', 'members'),
      withAccess('No paid plan.', { plan: 'none' }, 'org', 'set-role', 'carol-example', 'read', '--yes'),
      withAccess('Not an admin.', { plan: 'plus', role: 'read' }, 'tokens', 'revoke', 'build', '--yes'),
      withAccess(
        'A token that lacks the permission.',
        { role: 'admin', permissions: ['org.read'] },
        'org',
        'set-role',
        'carol-example',
        'read',
        '--yes',
      ),
      withAccess(
        'A token that awaits its approval.',
        { permissions: ALL_PERMISSIONS, restriction: 'pending-approval' },
        'tokens',
        'list',
      ),
      withAccess('A token that the organization revoked.', { restriction: 'revoked' }, 'tokens', 'list'),
      withAccess(
        'It has access again.',
        { restriction: 'none' },
        'org',
        'members',
        '--organization',
        'nobody-there',
      ),
      run('repo', 'visibility', 'example-org/nothing', 'private', '--yes'),
      refusedBy(
        'Too many requests.',
        { kind: 'status', endpoint: 'service-accounts', status: 429, retryAfter: 30 },
        'tokens',
        'list',
      ),
      refusedBy(
        'The Hub is not available.',
        { kind: 'status', endpoint: 'member-role', status: 503 },
        'org',
        'set-role',
        'carol-example',
        'read',
        '--yes',
      ),
    ],
  },
]
