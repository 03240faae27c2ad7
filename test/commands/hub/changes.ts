import type { TokenIds } from '../../support/hub-commands.ts'

/** A command that changes something at the simulated Hub. */
export interface Change {
  readonly parameters: readonly string[]
  /** The simulator's name for the call that changes. */
  readonly endpoint:
    | 'member-role'
    | 'member-tokens'
    | 'service-accounts'
    | 'service-account-tokens'
    | 'network-security'
    | 'repository-settings'
}

/** The id of a member's token that the simulator knows. */
export interface KnownIds extends TokenIds {
  readonly memberToken: string
}

/** Every one of them, so that a rule can be tested on all. By ids, so that each sends one request of its own. */
export function changes({ account, token, memberToken }: KnownIds): Change[] {
  const ofAccount = ['--service-account', account]
  return [
    { parameters: ['org', 'set-role', 'carol-example', 'write'], endpoint: 'member-role' },
    { parameters: ['org', 'service-accounts', 'create', 'nightly'], endpoint: 'service-accounts' },
    {
      parameters: [
        'org',
        'network-security',
        'update',
        '--ip-range',
        '192.0.2.0/24',
        '--high-rate-limits',
        'false',
      ],
      endpoint: 'network-security',
    },
    {
      parameters: ['tokens', 'create', 'extra', ...ofAccount, '--role', 'write'],
      endpoint: 'service-account-tokens',
    },
    {
      parameters: ['tokens', 'update', token, ...ofAccount, '--name', 'renamed'],
      endpoint: 'service-account-tokens',
    },
    { parameters: ['tokens', 'rotate', token, ...ofAccount], endpoint: 'service-account-tokens' },
    { parameters: ['tokens', 'revoke-member', memberToken], endpoint: 'member-tokens' },
    {
      parameters: ['repo', 'visibility', 'example-org/atlas-7b-instruct', 'private'],
      endpoint: 'repository-settings',
    },
    { parameters: ['tokens', 'revoke', token, ...ofAccount], endpoint: 'service-account-tokens' },
    { parameters: ['org', 'service-accounts', 'delete', account], endpoint: 'service-accounts' },
  ]
}
