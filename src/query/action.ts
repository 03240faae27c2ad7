import { catalogue } from '../event/catalogue.ts'

/**
 * Names of actions that other clients offer and the Hub does not have, with the event types that tell the same. An empty
 * list: no event of the Hub tells it. As of the Hub's OpenAPI document of 2026-08-17.
 */
export const ACTION_ALIASES: Readonly<Record<string, readonly string[]>> = {
  'repo.update': ['repo.update_settings'],
  'repo.visibility': ['repo.update_settings', 'org.settings.security.repo_visibility'],
  'member.invite': ['org.invite_user', 'org.invite.email'],
  'member.remove': ['org.remove_user'],
  'member.role_change': ['org.change_role'],
  'token.create': ['org.service_account.token.create'],
  'token.revoke': ['org.token_approval.authorization_request.revoked'],
  'access_request.accept': [],
  'access_request.reject': [],
}

export type ActionMeaning =
  /** A glob, or an event type that is known. */
  | { readonly kind: 'plain'; readonly types: readonly string[] }
  | { readonly kind: 'alias'; readonly types: readonly string[] }
  /** Another client's name for what the Hub does not tell. It is looked for all the same: its list of types grows. */
  | { readonly kind: 'no-event'; readonly types: readonly string[] }
  /** May be a type that came after this release, or a spelling mistake. */
  | { readonly kind: 'unknown'; readonly types: readonly string[] }

/** What an action of a query asks for: event types, in which `*` stands for any text. */
export function actionMeaning(action: string): ActionMeaning {
  if (action.includes('*') || catalogue().has(action)) return { kind: 'plain', types: [action] }
  if (!Object.hasOwn(ACTION_ALIASES, action)) return { kind: 'unknown', types: [action] }
  const types = ACTION_ALIASES[action]!
  return types.length === 0 ? { kind: 'no-event', types: [action] } : { kind: 'alias', types }
}
