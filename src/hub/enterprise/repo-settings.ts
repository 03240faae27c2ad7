import { z } from 'zod'
import { ConnectorError } from '../../errors.ts'
import { checkChoice } from './choices.ts'
import { pathSegment } from './request.ts'

export const REPO_TYPES = ['model', 'dataset', 'space', 'bucket'] as const

export type RepoType = (typeof REPO_TYPES)[number]

/** A repository: `namespace/name` of its type. */
export interface Repo {
  readonly type: RepoType
  readonly name: string
}

const cdnRegionSchema = z.looseObject({ provider: z.string(), region: z.string() })

/** The 200 of `PUT /api/{models,datasets,spaces}/{namespace}/{repo}/settings`: what was set, at least. */
export const repoSettingsSchema = z.looseObject({
  private: z.boolean().optional(),
  visibility: z.string().optional(),
  discussionsDisabled: z.boolean().optional(),
  discussionsSorting: z.string().optional(),
  gated: z.union([z.literal(false), z.string()]).optional(),
  orgMembersGated: z.boolean().optional(),
  gatedNotificationsEmail: z.string().optional(),
  gatedNotificationsMode: z.string().optional(),
})

/** The 200 of `PUT /api/buckets/{namespace}/{repo}/settings`. */
export const bucketSettingsSchema = z.looseObject({
  private: z.boolean().optional(),
  cdnRegions: z.array(cdnRegionSchema).optional(),
})

export type RepoSettings = z.infer<typeof repoSettingsSchema>
export type BucketSettings = z.infer<typeof bucketSettingsSchema>

/**
 * `acme/name` for a model; `models/`, `datasets/`, `spaces/` or `buckets/` before it for the others, as in the Hub's own
 * addresses; or type and name. Throws `CONFIG_INVALID`.
 */
export function parseRepo(repo: string | Repo): Repo {
  if (typeof repo === 'object' && repo !== null) {
    checkChoice(repo.type, REPO_TYPES, 'a type of repository')
    if (isRepoName(repo.name)) return { type: repo.type, name: repo.name }
  } else {
    const type = REPO_TYPES.find(one => repo.startsWith(`${one}s/`) && repo.split('/').length === 3)
    const name = type === undefined ? repo : repo.slice(type.length + 2)
    if (isRepoName(name)) return { type: type ?? 'model', name }
  }
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${JSON.stringify(typeof repo === 'string' ? repo : repo?.name)} is not a repository: allowed is namespace/name, with ` +
      'datasets/, spaces/ or buckets/ before it unless it is a model.',
  )
}

function isRepoName(name: unknown): name is string {
  return typeof name === 'string' && /^[^/\s]+\/[^/\s]+$/.test(name)
}

export function repoSettingsPath({ type, name }: Repo): string {
  const [namespace, repo] = name.split('/') as [string, string]
  return `/api/${type}s/${pathSegment(namespace, 'a namespace')}/${pathSegment(repo, "a repository's name")}/settings`
}
