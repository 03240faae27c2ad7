/** No event names more things than this; a longer list is cut (`data` has all of it). */
const MAX_NAMES = 100
/** A longer text is no name. */
const MAX_NAME_LENGTH = 1_024
const MAX_DEPTH = 8
const MAX_NODES = 1_000

/** Keys, in lower case and without `_` and `-`, under which a text is the name of a thing, and an object is a thing. */
const THINGS = new Set(
  [
    [
      'repo',
      'repos',
      'repository',
      'repositories',
      'repoid',
      'reponame',
      'model',
      'models',
      'dataset',
      'datasets',
    ],
    ['space', 'spaces', 'bucket', 'buckets', 'kernel', 'kernels', 'collection', 'collections'],
    ['user', 'users', 'username', 'usernames', 'member', 'members', 'invitee', 'invitees'],
    ['group', 'groups', 'resourcegroup', 'resourcegroups', 'org', 'orgs', 'organization', 'organizations'],
    [
      'job',
      'jobs',
      'scheduledjob',
      'scheduledjobs',
      'serviceaccount',
      'serviceaccounts',
      'oauthapp',
      'oauthapps',
    ],
  ].flat(),
)
/** Under these an object is a thing, but a text may be the secret itself. */
const SECRET_THINGS = new Set(['token', 'tokens', 'accesstoken', 'accesstokens', 'secret', 'secrets'])
/** What a thing is called, the first of these that is there. */
const NAME_KEYS = ['name', 'displayName', 'slug', 'title', 'username', 'user', 'id', '_id'] as const
/** Events whose `data` holds the old and the new name under these keys. */
const RENAMES = new Set(['org.rename', 'repo.move'])

/**
 * The names of the things that an event is about, found in its `data`, in the order in which they stand there, each
 * once. The Hub documents no shape for `data`, so the rule is by key, at any depth (to a bound):
 * - under the key of a kind of thing (`repo`, `users`, `resourceGroup`, …): a text, the name of an object (`name`,
 *   `displayName`, `slug`, …, `_id`), or each of a list of them; under `token` and `secret` objects only;
 * - `name` and `names` of `data` itself;
 * - `from` and `to`: the name of an object that has a `name`; a text too when the event is a rename.
 */
export function resourcesOf(type: string, data: unknown): string[] {
  const search = { names: new Set<string>(), nodes: 0, renames: RENAMES.has(type) }
  walk(data, 0, search)
  return [...search.names]
}

interface Search {
  readonly names: Set<string>
  nodes: number
  readonly renames: boolean
}

function walk(value: unknown, depth: number, search: Search): void {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
  if (Array.isArray(value)) {
    for (const item of value) {
      if (isFull(search)) return
      walk(item, depth + 1, search)
    }
    return
  }
  for (const key in value) {
    if (isFull(search)) return
    const member = (value as Record<string, unknown>)[key]
    visit(key, member, depth, search)
    if (typeof member === 'object') walk(member, depth + 1, search)
  }
}

/** Counts a step of the search; true when it has gone far enough. */
function isFull(search: Search): boolean {
  search.nodes += 1
  return search.nodes > MAX_NODES || search.names.size >= MAX_NAMES
}

function visit(key: string, member: unknown, depth: number, search: Search): void {
  if (depth === 0 && (key === 'name' || key === 'names')) {
    addEach(member, true, search)
  } else if (key === 'from' || key === 'to') {
    if (depth === 0 && search.renames) addEach(member, true, search)
    else if (hasName(member)) add(member.name, search)
  } else {
    const kind = kindOf(key)
    if (kind === 'thing') addEach(member, true, search)
    else if (kind === 'secret') addEach(member, false, search)
  }
}

type Kind = 'thing' | 'secret' | 'other'
/** The same few keys come in every event. */
const kinds = new Map<string, Kind>()
const MAX_KINDS = 1_000

function kindOf(key: string): Kind {
  const known = kinds.get(key)
  if (known !== undefined) return known
  if (key.length > 32) return 'other'
  const word = key.replace(/[_-]/g, '').toLowerCase()
  const kind = THINGS.has(word) ? 'thing' : SECRET_THINGS.has(word) ? 'secret' : 'other'
  if (kinds.size < MAX_KINDS) kinds.set(key, kind)
  return kind
}

function addEach(member: unknown, texts: boolean, search: Search): void {
  if (!Array.isArray(member)) {
    addThing(member, texts, search)
    return
  }
  for (const item of member) {
    if (isFull(search)) return
    addThing(item, texts, search)
  }
}

function addThing(thing: unknown, texts: boolean, search: Search): void {
  if (typeof thing === 'string') {
    if (texts) add(thing, search)
  } else if (typeof thing === 'object' && thing !== null) {
    const members = thing as Record<string, unknown>
    const nameKey = NAME_KEYS.find(key => typeof members[key] === 'string' && members[key] !== '')
    if (nameKey !== undefined) add(members[nameKey], search)
  }
}

function hasName(value: unknown): value is { name: unknown } {
  return typeof value === 'object' && value !== null && 'name' in value
}

function add(name: unknown, search: Search): void {
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) return
  if (search.names.size < MAX_NAMES) search.names.add(name.toWellFormed())
}
