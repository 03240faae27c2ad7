import { HubClient } from '../../../src/hub/enterprise/hub-client.ts'
import { TOKEN } from '../hub-server.ts'
import { ACCOUNT_ID, TOKEN_ID } from './examples.ts'

export interface Call {
  readonly name: string
  /** The documented operation whose answer it gives back. Others may be asked before it. */
  readonly operation: string
  /** The operations that it asks before. */
  readonly before?: readonly string[]
  readonly run: (hub: HubClient) => Promise<unknown>
}

const ORGANIZATION = '/api/organizations/{name}'
const ACCOUNTS = `${ORGANIZATION}/service-accounts`
const TOKENS = `${ACCOUNTS}/{serviceAccountId}/tokens`
const LOOKED_UP = [`GET ${ACCOUNTS}`, `GET ${ACCOUNTS}/{serviceAccountId}`]
export const LEAKED = 'leaked-value-0123456789'

/** Every call of the client, once for each operation that it may ask. */
export const CALLS: readonly Call[] = [
  {
    name: 'auditLogs',
    operation: `GET ${ORGANIZATION}/audit-log/export`,
    run: hub => hub.auditLogs('acme', { limit: 5 }),
  },
  {
    name: 'streamAuditLogs',
    operation: `GET ${ORGANIZATION}/audit-log/export`,
    run: hub => Array.fromAsync(hub.streamAuditLogs('acme')),
  },
  { name: 'whoAmI', operation: 'GET /api/whoami-v2', run: hub => hub.whoAmI() },
  { name: 'myOrgRole', operation: 'GET /api/whoami-v2', run: hub => hub.myOrgRole('acme') },
  { name: 'hasOrgRole', operation: 'GET /api/whoami-v2', run: hub => hub.hasOrgRole('acme', 'read') },
  {
    name: 'listMembers',
    operation: `GET ${ORGANIZATION}/members`,
    run: hub => hub.listMembers('acme', { search: 'j', email: 'j@example.com', pageSize: 10 }),
  },
  {
    name: 'streamMembers',
    operation: `GET ${ORGANIZATION}/members`,
    run: hub => Array.fromAsync(hub.streamMembers('acme', { pageSize: 10_000 })),
  },
  {
    name: 'listResourceGroups',
    operation: `GET ${ORGANIZATION}/members`,
    run: hub => hub.listResourceGroups('acme'),
  },
  {
    name: 'setMemberRole',
    operation: `PUT ${ORGANIZATION}/members/{username}/role`,
    before: [`GET ${ORGANIZATION}/members`],
    run: hub => hub.setMemberRole('acme', 'jdoe', 'contributor'),
  },
  { name: 'listServiceAccounts', operation: `GET ${ACCOUNTS}`, run: hub => hub.listServiceAccounts('acme') },
  {
    name: 'getServiceAccount',
    operation: `GET ${ACCOUNTS}/{serviceAccountId}`,
    run: hub => hub.getServiceAccount('acme', ACCOUNT_ID),
  },
  {
    name: 'createServiceAccount',
    operation: `POST ${ACCOUNTS}`,
    run: hub => hub.createServiceAccount('acme', { name: 'CI', description: 'builds' }),
  },
  {
    name: 'deleteServiceAccount',
    operation: `DELETE ${ACCOUNTS}/{serviceAccountId}`,
    run: hub => hub.deleteServiceAccount('acme', ACCOUNT_ID),
  },
  {
    name: 'listTokens',
    operation: `GET ${ACCOUNTS}`,
    run: hub => hub.listTokens('acme'),
  },
  {
    name: 'createToken',
    operation: `POST ${TOKENS}`,
    run: hub =>
      hub.createToken('acme', ACCOUNT_ID, {
        name: 'deploy',
        role: 'admin',
        repoIds: [TOKEN_ID],
        repoPermissions: ['repo.write'],
        endpointPatterns: ['gpt2-*'],
        skipNetworkSecurity: true,
      }),
  },
  {
    name: 'updateToken',
    operation: `PATCH ${TOKENS}/{tokenId}`,
    before: LOOKED_UP,
    run: hub => hub.updateToken('acme', 'deploy', { name: 'deployment', permissions: ['org.read'] }),
  },
  {
    name: 'rotateToken',
    operation: `POST ${TOKENS}/{tokenId}/rotate`,
    before: LOOKED_UP,
    run: hub => hub.rotateToken('acme', 'deploy'),
  },
  {
    name: 'revokeToken',
    operation: `DELETE ${TOKENS}/{tokenId}`,
    before: LOOKED_UP,
    run: hub => hub.revokeToken('acme', TOKEN_ID),
  },
  {
    name: 'revokeMemberToken',
    operation: `POST ${ORGANIZATION}/settings/tokens/{tokenId}/revoke`,
    run: hub => hub.revokeMemberToken('acme', 'some-token-id'),
  },
  {
    name: 'revokeLeakedTokens',
    operation: 'POST /api/credentials/revoke',
    run: hub => hub.revokeLeakedTokens([LEAKED]),
  },
  {
    name: 'listRepositories',
    operation: `GET ${ORGANIZATION}/settings/repositories`,
    run: hub =>
      hub.listRepositories('acme', {
        search: 'm',
        type: 'kernel',
        limit: 1,
        sort: 'updatedAt',
        direction: 'asc',
      }),
  },
  {
    name: 'getNetworkSecurity',
    operation: `GET ${ORGANIZATION}/settings/network-security`,
    run: hub => hub.getNetworkSecurity('acme'),
  },
  {
    name: 'updateNetworkSecurity',
    operation: `PATCH ${ORGANIZATION}/settings/network-security`,
    run: hub =>
      hub.updateNetworkSecurity('acme', {
        enforceAuth: true,
        enforceIpRestriction: true,
        highRateLimits: false,
        keepReposMetadataVisible: true,
        ipRanges: ['192.0.2.0/24', '2001:db8::/32'],
        blockedContents: [{ resource: '*', scope: 'other' }],
        allowedContents: [{ resource: 'model', scope: 'acme/model' }],
      }),
  },
  ...(['model', 'dataset', 'space'] as const).flatMap(type => [
    {
      name: `setRepoVisibility of a ${type}`,
      operation: `PUT /api/${type}s/{namespace}/{repo}/settings`,
      run: (hub: HubClient) => hub.setRepoVisibility({ type, name: 'acme/name' }, true),
    },
    {
      name: `setRepoInternalVisibility of a ${type}`,
      operation: `PUT /api/${type}s/{namespace}/{repo}/settings`,
      run: (hub: HubClient) =>
        hub.setRepoInternalVisibility(`${type}s/acme/name`, type === 'space' ? 'protected' : 'private'),
    },
  ]),
  {
    name: 'setRepoVisibility of a bucket',
    operation: 'PUT /api/buckets/{namespace}/{repo}/settings',
    run: hub =>
      hub.setRepoVisibility('buckets/acme/name', false, { cdnRegions: [{ provider: 'gcp', region: 'us' }] }),
  },
]

export function clientOf(endpoint: string, accessToken: string = TOKEN): HubClient {
  return new HubClient({ endpoint, accessToken, environment: {} })
}
