import { ORIGIN_MS } from '../generator.ts'
import { hashText, mix32, objectId } from '../random.ts'
import { REPO_NAMES } from '../vocabulary.ts'
import { REPOSITORY_TYPES, type Repository } from './organization.ts'

const GIGABYTE = 1_000_000_000
const VISIBILITIES = ['private', 'public', 'private'] as const

/** One repository for each name, of all types by turns: the names stay when the seed changes. */
export function seedRepositories(organization: string, seed: number): Repository[] {
  return REPO_NAMES.map((name, i) => {
    const type = REPOSITORY_TYPES[i % REPOSITORY_TYPES.length]!
    const fullName = `${organization}/${name}`
    const word = mix32(hashText(fullName, seed))
    return {
      id: objectId(`${type}/${fullName}`),
      type,
      fullName,
      storageBytes: (word % 900) * GIGABYTE + (mix32(word) % GIGABYTE),
      updatedAtMs: ORIGIN_MS - (word % 8_760) * 3_600_000,
      visibility: type === 'space' && i % 2 === 0 ? 'protected' : VISIBILITIES[i % VISIBILITIES.length]!,
      settings:
        type === 'bucket'
          ? { cdnRegions: [] }
          : { discussionsDisabled: false, discussionsSorting: 'recently-created', gated: false },
    }
  })
}
