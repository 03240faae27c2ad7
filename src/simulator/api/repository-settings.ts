import { z } from 'zod'
import { type Answer, errorAnswer, jsonAnswer, notFoundAnswer } from '../answers.ts'
import { refusal } from '../organization/access.ts'
import { type Repository, type RepositoryType, repositoryOf } from '../organization/organization.ts'
import { type Call, type Route, route } from './route.ts'
import { email } from './schemas.ts'

const repositoryBody = z
  .object({
    private: z.boolean(),
    visibility: z.enum(['private', 'public', 'protected']),
    discussionsDisabled: z.boolean(),
    discussionsSorting: z.enum(['recently-created', 'trending', 'reactions']),
    gated: z.union([z.literal(false), z.enum(['auto', 'manual'])]),
    orgMembersGated: z.boolean(),
    gatedNotificationsEmail: email,
    gatedNotificationsMode: z.enum(['bulk', 'real-time']),
  })
  .partial()

const bucketBody = z.object({
  // So the document: a boolean, or anything. What else than a boolean means is not said; here it changes nothing.
  private: z.union([z.boolean(), z.any()]).optional(),
  cdnRegions: z.array(z.object({ provider: z.enum(['gcp', 'aws']), region: z.enum(['us', 'eu']) })),
})

const settingsRoute = (kind: 'models' | 'datasets' | 'spaces', type: RepositoryType): Route =>
  route({
    method: 'PUT',
    path: `/api/${kind}/{namespace}/{repo}/settings`,
    endpoint: 'repository-settings',
    body: repositoryBody,
    handle(call) {
      const { private: isPrivate, visibility, ...others } = call.body
      if (visibility === 'protected' && type !== 'space')
        return errorAnswer(400, 'visibility: protected is only supported for Spaces')
      const wanted = visibility ?? (isPrivate === undefined ? undefined : isPrivate ? 'private' : 'public')
      const { repository, refused } = writable(call, type)
      if (refused !== undefined) return refused
      change(call, repository, wanted, others)
      return jsonAnswer({
        private: repository.visibility === 'private',
        visibility: repository.visibility,
        ...repository.settings,
      })
    },
  })

export const updateModelSettings = settingsRoute('models', 'model')
export const updateDatasetSettings = settingsRoute('datasets', 'dataset')
export const updateSpaceSettings = settingsRoute('spaces', 'space')

export const updateBucketSettings = route({
  method: 'PUT',
  path: '/api/buckets/{namespace}/{repo}/settings',
  endpoint: 'repository-settings',
  body: bucketBody,
  handle(call) {
    const { private: isPrivate, cdnRegions } = call.body
    const { repository, refused } = writable(call, 'bucket')
    if (refused !== undefined) return refused
    const wanted = typeof isPrivate !== 'boolean' ? undefined : isPrivate ? 'private' : 'public'
    change(call, repository, wanted, { cdnRegions })
    return jsonAnswer({ private: repository.visibility === 'private', ...repository.settings })
  },
})

type Found =
  | { readonly repository: Repository; readonly refused?: undefined }
  | { readonly repository?: undefined; readonly refused: Answer }

/** The repository that the path names, if the caller may change it. */
function writable({ organization, path, caller }: Call, type: RepositoryType): Found {
  const repository = repositoryOf(organization, type, `${organization.name}/${path.repo}`)
  if (repository === undefined) return { refused: notFoundAnswer('Repository', 'RepoNotFound') }
  const needs = { permission: 'repo.write', roles: ['admin', 'write'] } as const
  const refused = refusal(caller, organization, needs, repository.id)
  return refused === undefined ? { repository } : { refused }
}

/** Changes what differs, and tells it; nothing is told where nothing does. */
function change(
  { tell, nowMs }: Call,
  repository: Repository,
  visibility: Repository['visibility'] | undefined,
  settings: Readonly<Record<string, unknown>>,
): void {
  const before: Record<string, unknown> = { visibility: repository.visibility, ...repository.settings }
  const wanted = Object.entries({ visibility, ...settings }).filter(([, to]) => to !== undefined)
  const changes = wanted
    .filter(([key, to]) => JSON.stringify(before[key]) !== JSON.stringify(to))
    .map(([key, to]) => ({ key, from: before[key] ?? null, to }))
  if (changes.length === 0) return
  if (visibility !== undefined) repository.visibility = visibility
  repository.settings = { ...repository.settings, ...settings }
  repository.updatedAtMs = nowMs
  const { type, fullName: name } = repository
  tell('repo.update_settings', `changed the settings of the ${type} ${name}`, {
    repo: { type, name },
    changes,
  })
}
