/** The kinds of repository that the Hub has. */
export const REPOSITORY_TYPES = ['model', 'dataset', 'space', 'bucket'] as const
export type RepositoryType = (typeof REPOSITORY_TYPES)[number]

const MAX_DEPTH = 8
const MAX_NODES = 1_000

/** Singular and plural, as they stand in keys, values, paths and event types. */
const TYPE_OF_WORD = new Map<string, RepositoryType>(
  REPOSITORY_TYPES.flatMap(type => [[type, type] as const, [`${type}s`, type] as const]),
)
/** Keys (in lower case, without `_` and `-`) whose text says what kind of repository the object around them names. */
const TYPE_KEYS = new Set(['type', 'repotype', 'repositorytype', 'resourcetype'])
/** Keys under which a text is the name of a repository, or an object is one. */
const REPOSITORY_KEYS = new Set(['repo', 'repos', 'repository', 'repositories', 'repoid', 'reponame'])
/** What an object must have beside `type` to name a repository: `{"type":"space"}` alone is no name. */
const NAME_KEYS = new Set([...REPOSITORY_KEYS, 'name', 'names', 'id', 'slug', 'path', 'url', 'from', 'to'])

/**
 * The kinds of repository that an event is about. The Hub documents no shape for `data`, so the rule is by key, at any
 * depth (to a bound):
 * - an object says its kind under `type`, `repoType`, `repo_type`, `resourceType`, and names something (under `repo`,
 *   `name`, `id`, `from`, … or as `_id`), or stands itself under `repo`, `repository`, …;
 * - a text or an object (or a list of them) stands under the key of a kind: `model`, `datasets`, `space`, …;
 * - the name under `repo`, `repository`, … or `name` begins with the kind's path: `datasets/acme/corpus`;
 * - the scope of the event type is a kind's own: `spaces.add_secret`.
 */
export function repositoryTypesOf(type: string, data: unknown): ReadonlySet<RepositoryType> {
  const search = { types: new Set<RepositoryType>(), nodes: 0 }
  const dot = type.indexOf('.')
  const own = dot < 0 ? undefined : TYPE_OF_WORD.get(type.slice(0, dot))
  if (own !== undefined) search.types.add(own)
  visit('name', data, search)
  walk(data, '', 0, search)
  return search.types
}

interface Search {
  readonly types: Set<RepositoryType>
  nodes: number
}

/** `under` is the key of the object, or of the list that holds it. */
function walk(value: unknown, under: string, depth: number, search: Search): void {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
  if (Array.isArray(value)) {
    for (const item of value) {
      if (isFull(search)) return
      visit(under, item, search)
      walk(item, under, depth + 1, search)
    }
    return
  }
  let said: RepositoryType | undefined
  let names = REPOSITORY_KEYS.has(under)
  for (const key in value) {
    if (isFull(search)) return
    const member = (value as Record<string, unknown>)[key]
    const kind = plainKey(key)
    if (TYPE_KEYS.has(kind) && typeof member === 'string')
      said = TYPE_OF_WORD.get(member.toLowerCase()) ?? said
    else if (NAME_KEYS.has(kind) && isThing(member)) names = true
    visit(kind, member, search)
    walk(member, kind, depth + 1, search)
  }
  if (said !== undefined && names) search.types.add(said)
}

/** What a key and the value under it tell by themselves. */
function visit(kind: string, member: unknown, search: Search): void {
  const ofKey = TYPE_OF_WORD.get(kind)
  if (ofKey !== undefined && !Array.isArray(member) && isThing(member)) search.types.add(ofKey)
  if (typeof member === 'string' && (REPOSITORY_KEYS.has(kind) || kind === 'name' || kind === 'names')) {
    const slash = member.indexOf('/')
    const ofPath = slash < 0 ? undefined : TYPE_OF_WORD.get(member.slice(0, slash))
    // Of `datasets/corpus` the first part may be the name of an owner.
    if (ofPath !== undefined && member.indexOf('/', slash + 1) > 0) search.types.add(ofPath)
  }
}

function isThing(member: unknown): boolean {
  return typeof member === 'string' ? member !== '' : typeof member === 'object' && member !== null
}

function plainKey(key: string): string {
  if (key === '_id') return 'id'
  return key.length > 32 ? '' : key.replace(/[_-]/g, '').toLowerCase()
}

/** Counts a step of the search; true when it has gone far enough. */
function isFull(search: Search): boolean {
  search.nodes += 1
  return search.nodes > MAX_NODES
}
