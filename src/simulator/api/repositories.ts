import { z } from 'zod'
import { jsonAnswer } from '../answers.ts'
import { REPOSITORY_TYPES } from '../organization/organization.ts'
import { route } from './route.ts'
import { wholeNumber } from './schemas.ts'

export const listRepositories = route({
  method: 'GET',
  path: '/api/organizations/{name}/settings/repositories',
  endpoint: 'repositories',
  needs: { permission: 'org.read' },
  query: z.object({
    search: z.string().optional(),
    type: z.enum(REPOSITORY_TYPES).optional(),
    limit: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
    sort: z.enum(['storage', 'updatedAt']).default('storage'),
    direction: z.enum(['asc', 'desc']).default('desc'),
  }),
  handle({ organization, query }) {
    const wanted = query.search?.toLowerCase() ?? ''
    const key = query.sort === 'storage' ? 'storageBytes' : 'updatedAtMs'
    const sign = query.direction === 'asc' ? 1 : -1
    const all = organization.repositories
    const totalBytes = all.reduce((sum, { storageBytes }) => sum + storageBytes, 0)
    const found = all
      .filter(({ type }) => query.type === undefined || type === query.type)
      .filter(({ fullName }) => fullName.toLowerCase().includes(wanted))
      .toSorted((x, y) => sign * (x[key] - y[key]))
      .slice(0, query.limit)
    return jsonAnswer(
      found.map(({ type, fullName, updatedAtMs, visibility, storageBytes }) => ({
        id: fullName,
        type,
        updatedAt: new Date(updatedAtMs).toISOString(),
        visibility,
        storage: storageBytes,
        storagePercent: (100 * storageBytes) / totalBytes,
      })),
    )
  },
})
