import type { WhoAmI } from '../whoami.ts'
import type { AuditLogEvent } from './audit-log-event.ts'
import { type AuditLogsOptions, auditLogs } from './audit-logs.ts'
import type { CallOptions } from './call-options.ts'
import { createToken, type NewToken } from './create-token.ts'
import { type ListRepositoriesOptions, listRepositories, type Repository } from './list-repositories.ts'
import { listServiceAccounts } from './list-service-accounts.ts'
import { type ListedToken, type ListTokensOptions, listTokens } from './list-tokens.ts'
import { type ListMembersOptions, listMembers, type Member, streamMembers } from './members.ts'
import { hasOrgRole, myOrgRole } from './my-org-role.ts'
import {
  getNetworkSecurity,
  type NetworkSecurity,
  type NetworkSecurityChanges,
  updateNetworkSecurity,
} from './network-security.ts'
import type { AnsweredOrgRole, OrgRole } from './org-role.ts'
import type { BucketSettings, Repo, RepoSettings } from './repo-settings.ts'
import { listResourceGroups, type ResourceGroup } from './resource-groups.ts'
import { revokeLeakedTokens } from './revoke-leaked-tokens.ts'
import { revokeMemberToken } from './revoke-member-token.ts'
import { type RevokedToken, revokeToken } from './revoke-token.ts'
import { rotateToken } from './rotate-token.ts'
import type {
  CreatedServiceAccount,
  CreatedToken,
  RotatedToken,
  ServiceAccount,
  ServiceAccountDetails,
  UpdatedToken,
} from './service-account-schemas.ts'
import {
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  type NewServiceAccount,
} from './service-accounts.ts'
import { type MemberRoleChange, type SetMemberRoleOptions, setMemberRole } from './set-member-role.ts'
import {
  type SetRepoVisibilityOptions,
  setRepoInternalVisibility,
  setRepoVisibility,
  type Visibility,
} from './set-repo-visibility.ts'
import { getSsoConfig, type SsoConfig } from './sso-config.ts'
import { updateSsoConfig } from './sso-update.ts'
import type { SsoConfigInput } from './sso-validation.ts'
import { type StreamAuditLogsOptions, streamAuditLogs } from './stream-audit-logs.ts'
import { type TokenChanges, updateToken } from './update-token.ts'
import { whoAmI } from './who-am-i.ts'

/**
 * All calls with options of their own: what a call is given goes before what the client was made with. Holds no
 * connection, so there is nothing to close. Each method is the function of its name.
 */
export class HubClient {
  // Private, so that the token is not shown with the client.
  readonly #defaults: CallOptions

  constructor(defaults: CallOptions = {}) {
    this.#defaults = { ...defaults }
  }

  whoAmI(options?: CallOptions): Promise<WhoAmI> {
    return whoAmI(this.#with(options))
  }

  auditLogs(organization: string, options?: AuditLogsOptions): Promise<AuditLogEvent[]> {
    return auditLogs(organization, this.#with(options))
  }

  streamAuditLogs(
    organization: string,
    options?: StreamAuditLogsOptions,
  ): AsyncGenerator<AuditLogEvent, void, void> {
    return streamAuditLogs(organization, this.#with(options))
  }

  myOrgRole(organization: string, options?: CallOptions): Promise<AnsweredOrgRole | undefined> {
    return myOrgRole(organization, this.#with(options))
  }

  hasOrgRole(organization: string, role: OrgRole, options?: CallOptions): Promise<boolean> {
    return hasOrgRole(organization, role, this.#with(options))
  }

  listMembers(organization: string, options?: ListMembersOptions): Promise<Member[]> {
    return listMembers(organization, this.#with(options))
  }

  streamMembers(organization: string, options?: ListMembersOptions): AsyncGenerator<Member, void, void> {
    return streamMembers(organization, this.#with(options))
  }

  setMemberRole(
    organization: string,
    user: string,
    role: OrgRole,
    options?: SetMemberRoleOptions,
  ): Promise<MemberRoleChange> {
    return setMemberRole(organization, user, role, this.#with(options))
  }

  listResourceGroups(organization: string, options?: CallOptions): Promise<ResourceGroup[]> {
    return listResourceGroups(organization, this.#with(options))
  }

  listServiceAccounts(organization: string, options?: CallOptions): Promise<ServiceAccount[]> {
    return listServiceAccounts(organization, this.#with(options))
  }

  getServiceAccount(
    organization: string,
    account: string,
    options?: CallOptions,
  ): Promise<ServiceAccountDetails> {
    return getServiceAccount(organization, account, this.#with(options))
  }

  createServiceAccount(
    organization: string,
    account: NewServiceAccount,
    options?: CallOptions,
  ): Promise<CreatedServiceAccount> {
    return createServiceAccount(organization, account, this.#with(options))
  }

  deleteServiceAccount(
    organization: string,
    account: string,
    options?: CallOptions,
  ): Promise<{ readonly _id: string }> {
    return deleteServiceAccount(organization, account, this.#with(options))
  }

  listTokens(organization: string, options?: ListTokensOptions): Promise<ListedToken[]> {
    return listTokens(organization, this.#with(options))
  }

  createToken(
    organization: string,
    serviceAccount: string,
    token: NewToken,
    options?: CallOptions,
  ): Promise<CreatedToken> {
    return createToken(organization, serviceAccount, token, this.#with(options))
  }

  updateToken(
    organization: string,
    token: string,
    changes: TokenChanges,
    options?: ListTokensOptions,
  ): Promise<UpdatedToken> {
    return updateToken(organization, token, changes, this.#with(options))
  }

  rotateToken(organization: string, token: string, options?: ListTokensOptions): Promise<RotatedToken> {
    return rotateToken(organization, token, this.#with(options))
  }

  revokeToken(organization: string, token: string, options?: ListTokensOptions): Promise<RevokedToken> {
    return revokeToken(organization, token, this.#with(options))
  }

  revokeMemberToken(organization: string, tokenId: string, options?: CallOptions): Promise<void> {
    return revokeMemberToken(organization, tokenId, this.#with(options))
  }

  revokeLeakedTokens(
    credentials: readonly string[],
    options?: Omit<CallOptions, 'accessToken'>,
  ): Promise<void> {
    return revokeLeakedTokens(credentials, this.#with(options))
  }

  getSsoConfig(organization: string, options?: CallOptions): Promise<SsoConfig> {
    return getSsoConfig(organization, this.#with(options))
  }

  updateSsoConfig(organization: string, config: SsoConfigInput, options?: CallOptions): Promise<never> {
    return updateSsoConfig(organization, config, this.#with(options))
  }

  setRepoVisibility(
    repo: string | Repo,
    isPrivate: boolean,
    options?: SetRepoVisibilityOptions,
  ): Promise<RepoSettings | BucketSettings> {
    return setRepoVisibility(repo, isPrivate, this.#with(options))
  }

  setRepoInternalVisibility(
    repo: string | Repo,
    visibility: Visibility,
    options?: SetRepoVisibilityOptions,
  ): Promise<RepoSettings | BucketSettings> {
    return setRepoInternalVisibility(repo, visibility, this.#with(options))
  }

  listRepositories(organization: string, options?: ListRepositoriesOptions): Promise<Repository[]> {
    return listRepositories(organization, this.#with(options))
  }

  getNetworkSecurity(organization: string, options?: CallOptions): Promise<NetworkSecurity> {
    return getNetworkSecurity(organization, this.#with(options))
  }

  updateNetworkSecurity(
    organization: string,
    changes: NetworkSecurityChanges,
    options?: CallOptions,
  ): Promise<NetworkSecurity> {
    return updateNetworkSecurity(organization, changes, this.#with(options))
  }

  /** A field that is undefined counts as not given. */
  #with<Options extends CallOptions>(options: Options | undefined): Options & CallOptions {
    const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
    return { ...this.#defaults, ...Object.fromEntries(given) } as Options & CallOptions
  }
}
