import { type Command, Option } from 'commander'
import {
  REPO_PERMISSIONS,
  type RepoPermission,
  ROLE_PERMISSIONS,
  TOKEN_PERMISSIONS,
  TOKEN_ROLES,
  type TokenPermission,
  type TokenRole,
  type TokenScope,
} from '../../hub/enterprise/token-permissions.ts'
import { listOption, wordOption, wordsOption } from '../choices.ts'

/** What a token may do, as options. */
export interface ScopeOptions {
  readonly role?: TokenRole
  readonly permission?: readonly TokenPermission[]
  readonly repoId?: readonly string[]
  readonly repoPermission?: readonly RepoPermission[]
  readonly endpointPattern?: readonly string[]
  readonly skipNetworkSecurity?: boolean
}

export function withScopeOptions(command: Command): Command {
  return command
    .addOption(wordOption('--role <role>', 'stands for the permissions below', TOKEN_ROLES))
    .addOption(
      wordsOption(
        '--permission <permission>',
        'instead of a role, several times or with commas',
        TOKEN_PERMISSIONS,
      ),
    )
    .addOption(listOption('--repo-id <id>', 'repositories with permissions of their own, by id'))
    .addOption(wordsOption('--repo-permission <permission>', 'on these repositories', REPO_PERMISSIONS))
    .addOption(listOption('--endpoint-pattern <pattern>', 'only these Inference Endpoints, such as gpt2-*'))
    .addOption(
      new Option(
        '--skip-network-security',
        'exempt it from the network security (Enterprise Plus; needs org.networkSecurity.write)',
      ),
    )
}

export function scopeOf(options: ScopeOptions): TokenScope & { readonly role?: TokenRole | undefined } {
  return {
    role: options.role,
    permissions: options.permission,
    repoIds: options.repoId,
    repoPermissions: options.repoPermission,
    endpointPatterns: options.endpointPattern,
    skipNetworkSecurity: options.skipNetworkSecurity,
  }
}

/** For the help: what each role stands for. */
export function rolesTable(): string {
  const lines = TOKEN_ROLES.map(role => {
    const permissions = ROLE_PERMISSIONS[role]
    const words =
      permissions.length === TOKEN_PERMISSIONS.length ? 'every permission there is' : permissions.join(', ')
    return `  ${role.padEnd(5)}  ${words}`
  })
  return `Roles (the Hub's tokens of service accounts have permissions; a role stands for some):\n${lines.join('\n')}`
}
