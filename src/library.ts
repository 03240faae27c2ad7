// The package's face: what `import … from 'hf-audit-connector'` gives. Nothing in the project imports it.
export { ConnectorError, type ErrorCode } from './errors.ts'
export type { AuditLogEvent } from './hub/enterprise/audit-log-event.ts'
export { type AuditLogsOptions, auditLogs } from './hub/enterprise/audit-logs.ts'
export type { CallOptions } from './hub/enterprise/call-options.ts'
export { createToken, createTokenRequest, type NewToken } from './hub/enterprise/create-token.ts'
export { HubClient } from './hub/enterprise/hub-client.ts'
export {
  type ListRepositoriesOptions,
  listRepositories,
  listRepositoriesRequest,
  type Repository,
} from './hub/enterprise/list-repositories.ts'
export { listServiceAccounts } from './hub/enterprise/list-service-accounts.ts'
export { type ListedToken, type ListTokensOptions, listTokens } from './hub/enterprise/list-tokens.ts'
export {
  type ListMembersOptions,
  listMembers,
  listMembersRequest,
  type Member,
  streamMembers,
} from './hub/enterprise/members.ts'
export { hasOrgRole, myOrgRole } from './hub/enterprise/my-org-role.ts'
export {
  type Contents,
  getNetworkSecurity,
  type NetworkSecurity,
  type NetworkSecurityChanges,
  updateNetworkSecurity,
  updateNetworkSecurityRequest,
} from './hub/enterprise/network-security.ts'
export { type AnsweredOrgRole, includesRole, ORG_ROLES, type OrgRole } from './hub/enterprise/org-role.ts'
export {
  type BucketSettings,
  parseRepo,
  type Repo,
  type RepoSettings,
  type RepoType,
} from './hub/enterprise/repo-settings.ts'
export { type HubRequest, requestUrl } from './hub/enterprise/request.ts'
export { listResourceGroups, type ResourceGroup } from './hub/enterprise/resource-groups.ts'
export { revokeLeakedTokens, revokeLeakedTokensRequest } from './hub/enterprise/revoke-leaked-tokens.ts'
export { revokeMemberToken, revokeMemberTokenRequest } from './hub/enterprise/revoke-member-token.ts'
export { type RevokedToken, revokeToken, revokeTokenRequest } from './hub/enterprise/revoke-token.ts'
export { rotateToken, rotateTokenRequest } from './hub/enterprise/rotate-token.ts'
export type {
  CreatedServiceAccount,
  CreatedToken,
  RotatedToken,
  ServiceAccount,
  ServiceAccountDetails,
  ServiceAccountToken,
  UpdatedToken,
} from './hub/enterprise/service-account-schemas.ts'
export {
  createServiceAccount,
  createServiceAccountRequest,
  deleteServiceAccount,
  deleteServiceAccountRequest,
  getServiceAccount,
  type NewServiceAccount,
} from './hub/enterprise/service-accounts.ts'
export {
  type MemberRoleChange,
  type ResourceGroupRole,
  type SetMemberRoleOptions,
  setMemberRole,
  setMemberRoleRequest,
} from './hub/enterprise/set-member-role.ts'
export {
  type CdnRegion,
  type SetRepoVisibilityOptions,
  setRepoInternalVisibility,
  setRepoInternalVisibilityRequest,
  setRepoVisibility,
  setRepoVisibilityRequest,
  VISIBILITIES,
  type Visibility,
} from './hub/enterprise/set-repo-visibility.ts'
export { getSsoConfig, type SsoConfig } from './hub/enterprise/sso-config.ts'
export type { SsoEvent } from './hub/enterprise/sso-evidence.ts'
export { ssoSettingsUrl } from './hub/enterprise/sso-settings-page.ts'
export { updateSsoConfig } from './hub/enterprise/sso-update.ts'
export {
  type CheckedCertificate,
  type CheckedSsoConfig,
  checkSsoConfig,
  type SsoConfigInput,
  type SsoProvider,
} from './hub/enterprise/sso-validation.ts'
export { type StreamAuditLogsOptions, streamAuditLogs } from './hub/enterprise/stream-audit-logs.ts'
export {
  REPO_PERMISSIONS,
  type RepoPermission,
  ROLE_PERMISSIONS,
  TOKEN_PERMISSIONS,
  TOKEN_ROLES,
  type TokenPermission,
  type TokenRole,
  type TokenScope,
} from './hub/enterprise/token-permissions.ts'
export { type TokenChanges, updateToken, updateTokenRequest } from './hub/enterprise/update-token.ts'
export { whoAmI } from './hub/enterprise/who-am-i.ts'
export type { HubToken } from './hub/token.ts'
export type { WhoAmI } from './hub/whoami.ts'
