import type { DataShape } from './event-data.ts'

/**
 * The event types of the Hub's OpenAPI document (August 2026), each with its share in 1,000 events, the words of its
 * message after the author's name, and the shape of its `data`. Words in braces come from {@link Details}.
 */
export interface EventType {
  readonly type: string
  readonly share: number
  readonly phrase: string
  readonly data: DataShape
}

/** One of every 1,000 events, unless another share is given. */
const kind = (type: string, phrase: string, data: DataShape = 'none', share = 1): EventType => ({
  type,
  share,
  phrase,
  data,
})

/** Appended for each export where the simulator is told to; documented by the Hub, but not in its enum. */
export const EXPORT_EVENT_TYPE = 'org.audit_log.export'

export const EVENT_TYPES: readonly EventType[] = [
  kind('billing.update_payment_method', 'changed the payment method of {org}', 'billing'),
  kind('billing.create_customer', 'opened the billing account of {org}', 'billing'),
  kind('billing.remove_payment_method', 'removed the payment method of {org}', 'billing'),
  kind('billing.aws_add', 'linked an AWS Marketplace account to {org}', 'billing'),
  kind('billing.aws_remove', 'unlinked the AWS Marketplace account from {org}', 'billing'),
  kind('billing.gcp_add', 'linked a Google Cloud Marketplace account to {org}', 'billing'),
  kind('billing.gcp_remove', 'unlinked the Google Cloud Marketplace account from {org}', 'billing'),
  kind('billing.marketplace_approve', 'approved the marketplace link of {org}', 'billing'),
  kind('billing.cancel_subscription', 'cancelled the {plan} subscription of {org}', 'billing'),
  kind('billing.renew_subscription', 'renewed the {plan} subscription of {org}', 'billing'),
  kind('billing.start_subscription', 'started the {plan} subscription of {org}', 'billing'),
  kind('billing.un_cancel_subscription', 'took the cancellation of the {plan} subscription back', 'billing'),
  kind('billing.update_subscription', 'changed the number of seats of {org} to {count}', 'billing', 2),
  kind('billing.update_subscription_plan', 'moved {org} to the {plan} plan', 'billing'),
  kind('collection.create', 'created the collection {group}', 'collection', 12),
  kind('collection.delete', 'deleted the collection {group}', 'collection', 4),
  kind(
    'collection.update_resource_group',
    'moved the collection {group} to another resource group',
    'collection',
    3,
  ),
  kind('org.add_user', 'added {user} to {org} as {role}', 'member', 14),
  kind('org.change_role', 'changed the role of {user} from {role} to {role2}', 'member', 10),
  kind('org.create', 'created the organization {org}', 'string'),
  kind('org.delete', 'deleted the organization {org}', 'string'),
  kind('org.restore', 'restored the organization {org}', 'null'),
  kind('org.invite_user', 'invited {user} to {org} as {role}', 'member', 10),
  kind('org.invite.accept', 'accepted the invitation to {org}', 'none', 8),
  kind('org.invite.email', 'sent an invitation to {email}', 'invitation', 8),
  kind('org.join.from_domain', 'joined {org} with a verified address', 'invitation', 3),
  kind('org.join.automatic', 'joined {org} by automatic approval', 'none', 3),
  kind('org.leave', 'left {org}', 'none', 3),
  kind('org.remove_user', 'removed {user} from {org}', 'member', 6),
  kind('org.rename', 'renamed the organization {org}', 'rename'),
  kind('org.rotate_token', 'rotated the token of {org}', 'token'),
  kind('org.sso_login', 'signed in to {org} with single sign-on', 'sso', 190),
  kind('org.sso_join', 'joined {org} with single sign-on', 'sso', 5),
  kind('org.update_join_settings', 'changed how people join {org}', 'settings'),
  kind('org.update_settings', 'changed the settings of {org}', 'settings', 4),
  kind('org.settings.regions', 'set the storage region of {org} to {region}', 'settings'),
  kind('org.settings.profile', 'changed the profile of {org}', 'settings', 2),
  kind('org.settings.resource_groups', 'changed the resource group settings of {org}', 'settings'),
  kind('org.settings.publisher_gating', 'changed the publisher gating of {org}', 'settings'),
  kind('org.settings.inference_providers', 'changed the inference providers of {org}', 'settings'),
  kind('org.settings.inference_providers.keys.add', 'stored a key for {provider}', 'settings'),
  kind('org.settings.inference_providers.keys.remove', 'removed the key for {provider}', 'settings'),
  kind('org.settings.inference_providers.usage', 'changed the usage limits of {provider}', 'settings'),
  kind('org.settings.sso', 'changed the single sign-on configuration', 'settings'),
  kind('org.settings.sso.enable', 'turned single sign-on on', 'settings'),
  kind('org.settings.sso.disable', 'turned single sign-on off', 'settings'),
  kind('org.settings.security.repo_visibility', 'set the default visibility to {visibility}', 'settings'),
  kind('org.settings.security.2fa.enable', 'made two-factor authentication mandatory', 'settings'),
  kind('org.settings.security.2fa.disable', 'made two-factor authentication optional', 'settings'),
  kind('org.settings.security.auto_join.enable', 'turned automatic joining on', 'settings'),
  kind('org.settings.security.auto_join.disable', 'turned automatic joining off', 'settings'),
  kind('org.settings.security.members_privacy.enable', 'hid the list of members', 'settings'),
  kind('org.settings.security.members_privacy.disable', 'showed the list of members', 'settings'),
  kind('org.settings.network', 'changed the network security of {org}', 'network'),
  kind('org.settings.network.ip_restriction.enable', 'restricted access to {cidr}', 'network'),
  kind('org.settings.network.ip_restriction.disable', 'lifted the restriction to {cidr}', 'network'),
  kind('org.settings.network.auth_enforcement.enable', 'demanded a login from {cidr}', 'network'),
  kind('org.settings.network.auth_enforcement.disable', 'no longer demands a login from {cidr}', 'network'),
  kind('org.token_approval.enabled', 'turned token approval on', 'settings'),
  kind('org.token_approval.disabled', 'turned token approval off', 'settings'),
  kind('org.token_approval.authorization_request', 'asked for approval of the token {token}', 'token', 12),
  kind(
    'org.token_approval.authorization_request.authorized',
    'approved the token {token} of {user}',
    'token',
    10,
  ),
  kind('org.token_approval.authorization_request.revoked', 'revoked the token {token} of {user}', 'token', 3),
  kind('org.token_approval.authorization_request.denied', 'refused the token {token} of {user}', 'token', 2),
  kind('repo.add_secrets', 'added {count} secrets to the {repoType} {repo}', 'secrets', 6),
  kind('repo.remove_secrets', 'removed {count} secrets from the {repoType} {repo}', 'secrets', 2),
  kind('repo.add_secret', 'added the secret {secret} to the {repoType} {repo}', 'secret', 20),
  kind('repo.update_secret', 'changed the secret {secret} of the {repoType} {repo}', 'secret', 12),
  kind('repo.remove_secret', 'removed the secret {secret} from the {repoType} {repo}', 'secret', 6),
  kind('repo.create', 'created the {repoType} {repo}', 'repo', 96),
  kind('repo.delete', 'deleted the {repoType} {repo}', 'repoName', 24),
  kind('repo.disable', 'disabled the {repoType} {repo}', 'repoName'),
  kind('repo.removeDisable', 'enabled the {repoType} {repo} again', 'repoName'),
  kind('repo.duplication', 'duplicated the {repoType} {repo}', 'repoMove', 8),
  kind('repo.delete_doi', 'removed the DOI of the {repoType} {repo}', 'repoName'),
  kind('repo.move', 'moved the {repoType} {repo}', 'repoMove', 10),
  kind('repo.update_resource_group', 'moved the {repoType} {repo} to the resource group {group}', 'repo', 10),
  kind('repo.update_settings', 'changed the settings of the {repoType} {repo}', 'repoSettings', 120),
  kind('repo.add_variable', 'added the variable {secret} to the {repoType} {repo}', 'secret', 10),
  kind('repo.update_variable', 'changed the variable {secret} of the {repoType} {repo}', 'secret', 8),
  kind('repo.remove_variable', 'removed the variable {secret} from the {repoType} {repo}', 'secret', 3),
  kind('repo.add_variables', 'added {count} variables to the {repoType} {repo}', 'secrets', 4),
  kind('repo.remove_variables', 'removed {count} variables from the {repoType} {repo}', 'secrets', 2),
  kind('repo.delete_lfs_file', 'deleted a large file of the {repoType} {repo} for good', 'lfs', 12),
  kind('repo.add_trusted_publisher', 'trusted a publisher for the {repoType} {repo}', 'repo', 2),
  kind('repo.remove_trusted_publisher', 'removed a trusted publisher of the {repoType} {repo}', 'repo'),
  kind('spaces.add_storage', 'attached storage to the Space {repo}', 'space', 3),
  kind('spaces.remove_storage', 'removed the storage of the Space {repo}', 'space'),
  kind('spaces.set_volumes', 'set the volumes of the Space {repo}', 'space', 3),
  kind('spaces.remove_volumes', 'removed the volumes of the Space {repo}', 'space'),
  kind('spaces.update_hardware', 'moved the Space {repo} to {hardware}', 'space', 10),
  kind('spaces.update_sleep_time', 'changed the sleep time of the Space {repo}', 'space', 4),
  kind('resource_group.create', 'created the resource group {group}', 'group', 3),
  kind('resource_group.add_users', 'added {count} users to the resource group {group}', 'group', 12),
  kind('resource_group.remove_users', 'removed {count} users from the resource group {group}', 'group', 5),
  kind('resource_group.change_role', 'made {user} {role} in the resource group {group}', 'group', 5),
  kind('resource_group.settings', 'changed the settings of the resource group {group}', 'group', 2),
  kind('resource_group.delete', 'deleted the resource group {group}', 'group'),
  kind('jobs.create', 'started a job on {hardware}', 'job', 70),
  kind('jobs.cancel', 'cancelled a job on {hardware}', 'job', 14),
  kind('jobs.update_labels', 'changed the labels of a job', 'job', 4),
  kind('jobs.update_expose', 'changed the exposed ports of a job', 'job', 2),
  kind('scheduled_job.create', 'scheduled a job at {schedule}', 'scheduled', 6),
  kind('scheduled_job.delete', 'deleted a scheduled job', 'scheduled', 2),
  kind('scheduled_job.resume', 'resumed a scheduled job', 'scheduled', 2),
  kind('scheduled_job.suspend', 'suspended a scheduled job', 'scheduled', 2),
  kind('scheduled_job.run', 'ran a scheduled job by hand', 'scheduled', 6),
  kind('scheduled_job.update_schedule', 'moved a scheduled job to {schedule}', 'scheduled', 2),
  kind('scheduled_job.update_labels', 'changed the labels of a scheduled job', 'scheduled'),
  kind('org.service_account.create', 'created the service account {account}', 'account', 2),
  kind('org.service_account.delete', 'deleted the service account {account}', 'account'),
  kind('org.service_account.token.create', 'issued the token {token} to {account}', 'account', 5),
  kind('org.service_account.token.delete', 'deleted the token {token} of {account}', 'account', 2),
  kind('org.service_account.token.rotate', 'replaced the token {token} of {account}', 'account', 6),
  kind('org.service_account.token.update', 'changed the token {token} of {account}', 'account', 2),
  kind('oauth.token', 'obtained an OAuth token for {org}', 'oauth', 60),
]

/** How many places the wheel has: any so many consecutive events hold every type, in proportion to its share. */
export const WHEEL_SIZE = 1_000

/** The types by their share; the most frequent one takes what the shares leave of 1,000. */
export const TYPE_WHEEL: readonly EventType[] = buildWheel()

function buildWheel(): EventType[] {
  const wheel = EVENT_TYPES.flatMap(entry => Array.from({ length: entry.share }, () => entry))
  if (wheel.length > WHEEL_SIZE)
    throw new RangeError(`the shares add up to ${wheel.length}, not ${WHEEL_SIZE}`)
  const commonest = EVENT_TYPES.reduce((most, entry) => (entry.share > most.share ? entry : most))
  while (wheel.length < WHEEL_SIZE) wheel.push(commonest)
  return wheel
}
