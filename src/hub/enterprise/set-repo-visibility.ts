import { ConnectorError } from '../../errors.ts'
import { call } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkChoice } from './choices.ts'
import {
  type BucketSettings,
  bucketSettingsSchema,
  parseRepo,
  type Repo,
  type RepoSettings,
  repoSettingsPath,
  repoSettingsSchema,
} from './repo-settings.ts'
import type { HubRequest } from './request.ts'

/** `protected` is for Spaces alone. */
export const VISIBILITIES = ['public', 'private', 'protected'] as const

export type Visibility = (typeof VISIBILITIES)[number]

export const CDN_PROVIDERS = ['gcp', 'aws'] as const
export const CDN_REGIONS = ['us', 'eu'] as const

export interface CdnRegion {
  readonly provider: (typeof CDN_PROVIDERS)[number]
  readonly region: (typeof CDN_REGIONS)[number]
}

export interface SetRepoVisibilityOptions extends CallOptions {
  /** Of a bucket, for which they are required: the Hub's document sets them together with the visibility. */
  readonly cdnRegions?: readonly CdnRegion[] | undefined
}

/** Makes a repository private, or public again. Returns the settings as the Hub answers them. */
export async function setRepoVisibility(
  repo: string | Repo,
  isPrivate: boolean,
  options: SetRepoVisibilityOptions = {},
): Promise<RepoSettings | BucketSettings> {
  return setVisibility(setRepoVisibilityRequest(repo, isPrivate, options), repo, options)
}

/**
 * Makes a repository public, private or (a Space) protected. The Hub has no visibility `internal`: it is refused.
 * Returns the settings as the Hub answers them.
 */
export async function setRepoInternalVisibility(
  repo: string | Repo,
  visibility: Visibility,
  options: SetRepoVisibilityOptions = {},
): Promise<RepoSettings | BucketSettings> {
  return setVisibility(setRepoInternalVisibilityRequest(repo, visibility, options), repo, options)
}

export function setRepoVisibilityRequest(
  repo: string | Repo,
  isPrivate: boolean,
  { cdnRegions }: SetRepoVisibilityOptions = {},
): HubRequest {
  const parsed = parseRepo(repo)
  if (typeof isPrivate !== 'boolean') {
    throw new ConnectorError('CONFIG_INVALID', `${JSON.stringify(isPrivate)} is neither true nor false.`)
  }
  const body = { private: isPrivate, ...regionsBody(parsed, cdnRegions) }
  return { method: 'PUT', path: repoSettingsPath(parsed), body }
}

export function setRepoInternalVisibilityRequest(
  repo: string | Repo,
  visibility: Visibility,
  options: SetRepoVisibilityOptions = {},
): HubRequest {
  const parsed = parseRepo(repo)
  if ((visibility as string) === 'internal') {
    throw new ConnectorError(
      'CONFIG_INVALID',
      'The Hub has no visibility "internal". A private repository of an organization is seen by its members alone, as ' +
        'far as their resource groups allow: use private.',
    )
  }
  checkChoice(visibility, VISIBILITIES, 'a visibility')
  if (visibility === 'protected' && parsed.type !== 'space') {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `Only a Space can be protected, and ${parsed.name} is a ${parsed.type}; allowed are public, private.`,
    )
  }
  if (parsed.type === 'bucket') return setRepoVisibilityRequest(parsed, visibility === 'private', options)
  regionsBody(parsed, options.cdnRegions)
  return { method: 'PUT', path: repoSettingsPath(parsed), body: { visibility } }
}

async function setVisibility(
  request: HubRequest,
  repo: string | Repo,
  options: CallOptions,
): Promise<RepoSettings | BucketSettings> {
  const { type, name } = parseRepo(repo)
  const facts = {
    action: `change the settings of the ${type} ${name}`,
    needs:
      'its user must be allowed to write to it or be an admin, a fine-grained token needs repo.write on it',
    subject: `${type} ${name}`,
  }
  return type === 'bucket'
    ? call(request, bucketSettingsSchema, facts, options)
    : call(request, repoSettingsSchema, facts, options)
}

function regionsBody({ type, name }: Repo, regions: readonly CdnRegion[] | undefined): object {
  if (type !== 'bucket') {
    if (regions === undefined) return {}
    throw new ConnectorError('CONFIG_INVALID', `Only a bucket has CDN regions, and ${name} is a ${type}.`)
  }
  if (regions === undefined) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `The Hub sets the visibility of a bucket together with its CDN regions, and does not tell them: give those that ` +
        `${name} is to have as cdnRegions, [] for none.`,
    )
  }
  for (const { provider, region } of regions) {
    checkChoice(provider, CDN_PROVIDERS, 'a CDN provider')
    checkChoice(region, CDN_REGIONS, 'a CDN region')
  }
  return { cdnRegions: regions.map(({ provider, region }) => ({ provider, region })) }
}
