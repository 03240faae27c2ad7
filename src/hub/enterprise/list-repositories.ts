import { z } from 'zod'
import { ConnectorError } from '../../errors.ts'
import { call } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkChoice } from './choices.ts'
import { type HubRequest, organizationPath } from './request.ts'

export const LISTED_REPO_TYPES = ['dataset', 'model', 'space', 'bucket', 'kernel'] as const
export const REPOSITORY_SORTS = ['storage', 'updatedAt'] as const
export const SORT_DIRECTIONS = ['asc', 'desc'] as const

/** An item of `GET /api/organizations/{name}/settings/repositories`. */
export const repositorySchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  updatedAt: z.string(),
  visibility: z.string(),
  storage: z.number(),
  storagePercent: z.number(),
})

export type Repository = z.infer<typeof repositorySchema>

export interface ListRepositoriesOptions extends CallOptions {
  /** Part of a name, in any case. */
  readonly search?: string | undefined
  readonly type?: (typeof LISTED_REPO_TYPES)[number] | undefined
  /** At most so many. */
  readonly limit?: number | undefined
  /** `storage` unless given. */
  readonly sort?: (typeof REPOSITORY_SORTS)[number] | undefined
  /** `desc` unless given. */
  readonly direction?: (typeof SORT_DIRECTIONS)[number] | undefined
}

/** The organization's repositories with their visibility and what they take of the storage, bytes. */
export async function listRepositories(
  organization: string,
  options: ListRepositoriesOptions = {},
): Promise<Repository[]> {
  const facts = {
    action: `list the repositories of ${organization} with their settings`,
    needs:
      'its user must be an admin of the organization, and a fine-grained token must be permitted to read it',
    subject: `organization ${organization}`,
  }
  return call(listRepositoriesRequest(organization, options), z.array(repositorySchema), facts, options)
}

export function listRepositoriesRequest(
  organization: string,
  { search, type, limit, sort, direction }: ListRepositoriesOptions,
): HubRequest {
  if (type !== undefined) checkChoice(type, LISTED_REPO_TYPES, 'a type of repository')
  if (sort !== undefined) checkChoice(sort, REPOSITORY_SORTS, 'something to sort by')
  if (direction !== undefined) checkChoice(direction, SORT_DIRECTIONS, 'a direction')
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `A limit of ${limit} is not possible; allowed is a whole number of at least 1.`,
    )
  }
  const given = { search: search || undefined, type, limit: limit?.toString(), sort, direction }
  const query = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return { method: 'GET', path: `${organizationPath(organization)}/settings/repositories`, query }
}
