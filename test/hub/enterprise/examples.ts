/** Invented, coherent answers in the documented forms: the drift test holds them against the document. */

const NOW = '2026-08-17T09:15:42.123Z'

export const ACCOUNT_ID = '66b0c1f2a9d3e4f5a6b7c8d0'
export const TOKEN_ID = '66b0c1f2a9d3e4f5a6b7c8d1'
export const GROUP_ID = '66b0c1f2a9d3e4f5a6b7c8d2'
export const NEW_TOKEN = 'hf_newnewnewnewnewnewnewnew'

export const MEMBER = {
  _id: '66b0c1f2a9d3e4f5a6b7c8d3',
  user: 'jdoe',
  fullname: 'J. Doe',
  avatarUrl: '/avatars/jdoe.svg',
  isPro: false,
  type: 'user',
  role: 'write',
  twoFaEnabled: true,
  verifiedEmail: null,
  resourceGroups: [{ id: GROUP_ID, name: 'research', numUsers: 3, role: 'read' }],
}

export const ACCOUNT = {
  _id: ACCOUNT_ID,
  user: 'acme-ci',
  name: 'CI',
  email: 'acme-ci@example.com',
  createdAt: NOW,
}

export const ACCOUNT_TOKEN = {
  _id: TOKEN_ID,
  displayName: 'deploy',
  createdAt: NOW,
  lastUsedAt: NOW,
  role: 'fineGrained',
  permissions: ['repo.content.read'],
  repoIds: [],
  repoPermissions: [],
  endpointPatterns: [],
  last4: 'wxyz',
}

export const WHO_AM_I = {
  auth: { type: 'access_token', accessToken: { displayName: 'admin', role: 'write', createdAt: NOW } },
  type: 'user',
  id: '66b0c1f2a9d3e4f5a6b7c8d4',
  name: 'admin',
  fullname: 'Admin',
  avatarUrl: '/avatars/admin.svg',
  isPro: false,
  orgs: [
    {
      type: 'org',
      id: '66b0c1f2a9d3e4f5a6b7c8d5',
      name: 'acme',
      fullname: 'Acme',
      avatarUrl: '/avatars/acme.svg',
      roleInOrg: 'write',
    },
  ],
}

const NETWORK_SECURITY = {
  enforceAuth: 'pending',
  enforceIpRestriction: false,
  highRateLimits: false,
  ipRanges: ['192.0.2.0/24'],
  blockedContents: [{ resource: '*', scope: 'other' }],
  allowedContents: [],
  keepReposMetadataVisible: true,
}

const TOKEN_INFO = {
  _id: TOKEN_ID,
  displayName: 'deploy',
  createdAt: NOW,
  permissions: ['repo.content.read'],
  repoIds: [],
  repoPermissions: [],
  endpointPatterns: [],
  skipNetworkSecurity: false,
}

const { createdAt: _, ...UPDATED_TOKEN } = TOKEN_INFO

const ORGANIZATION = '/api/organizations/{name}'
const ACCOUNTS = `${ORGANIZATION}/service-accounts`
const TOKENS = `${ACCOUNTS}/{serviceAccountId}/tokens`

const EXAMPLES: Readonly<Record<string, unknown>> = {
  'GET /api/whoami-v2': WHO_AM_I,
  [`GET ${ORGANIZATION}/audit-log/export`]: [],
  [`GET ${ORGANIZATION}/members`]: [MEMBER],
  [`GET ${ACCOUNTS}`]: [ACCOUNT],
  [`POST ${ACCOUNTS}`]: { _id: ACCOUNT_ID, user: 'acme-ci', fullname: 'CI', createdAt: NOW },
  [`GET ${ACCOUNTS}/{serviceAccountId}`]: { ...ACCOUNT, accessTokens: [ACCOUNT_TOKEN] },
  [`POST ${TOKENS}`]: { token: NEW_TOKEN, tokenInfo: TOKEN_INFO },
  [`PATCH ${TOKENS}/{tokenId}`]: UPDATED_TOKEN,
  [`POST ${TOKENS}/{tokenId}/rotate`]: {
    token: NEW_TOKEN,
    tokenInfo: { _id: TOKEN_ID, displayName: 'deploy', createdAt: NOW, last4: 'wnew' },
  },
  [`GET ${ORGANIZATION}/settings/network-security`]: NETWORK_SECURITY,
  [`PATCH ${ORGANIZATION}/settings/network-security`]: NETWORK_SECURITY,
  [`GET ${ORGANIZATION}/settings/repositories`]: [
    {
      id: 'acme/model',
      type: 'model',
      updatedAt: NOW,
      visibility: 'private',
      storage: 1,
      storagePercent: 0.5,
    },
  ],
  'PUT /api/models/{namespace}/{repo}/settings': { private: true },
  'PUT /api/datasets/{namespace}/{repo}/settings': { visibility: 'private', gated: false },
  'PUT /api/spaces/{namespace}/{repo}/settings': { visibility: 'protected' },
  'PUT /api/buckets/{namespace}/{repo}/settings': {
    private: true,
    cdnRegions: [{ provider: 'aws', region: 'eu' }],
  },
}

/** Undefined where the document tells nothing of the answer. */
export function exampleOf(operationId: string): unknown {
  return EXAMPLES[operationId]
}
