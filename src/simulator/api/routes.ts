import type { z } from 'zod'
import { credentialsBody } from './credentials.ts'
import { setMemberRole } from './member-role.ts'
import { revokeMemberToken } from './member-tokens.ts'
import { listMembers } from './members.ts'
import { getNetworkSecurity, updateNetworkSecurity } from './network-security.ts'
import { listRepositories } from './repositories.ts'
import {
  updateBucketSettings,
  updateDatasetSettings,
  updateModelSettings,
  updateSpaceSettings,
} from './repository-settings.ts'
import type { OwnEndpoint, Route } from './route.ts'
import { createToken, deleteAccountToken, rotateAccountToken, updateToken } from './service-account-tokens.ts'
import {
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  listServiceAccounts,
} from './service-accounts.ts'

/** A call that `reply.ts` sees to itself. */
export interface OwnRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly endpoint: OwnEndpoint
  readonly body?: z.ZodType
}

/** Everything that the simulator answers, its own controls apart. */
export const ROUTES: readonly (Route | OwnRoute)[] = [
  { method: 'GET', path: '/api/organizations/{name}/audit-log/export', endpoint: 'export' },
  { method: 'GET', path: '/api/whoami-v2', endpoint: 'whoami' },
  { method: 'POST', path: '/api/credentials/revoke', endpoint: 'credentials', body: credentialsBody },
  listMembers,
  setMemberRole,
  revokeMemberToken,
  listServiceAccounts,
  createServiceAccount,
  getServiceAccount,
  deleteServiceAccount,
  createToken,
  updateToken,
  deleteAccountToken,
  rotateAccountToken,
  getNetworkSecurity,
  updateNetworkSecurity,
  listRepositories,
  updateModelSettings,
  updateDatasetSettings,
  updateSpaceSettings,
  updateBucketSettings,
]
