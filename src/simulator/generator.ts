import { type Details, dataText } from './event-data.ts'
import { EVENT_TYPES, type EventType, EXPORT_EVENT_TYPE, TYPE_WHEEL, WHEEL_SIZE } from './event-types.ts'
import { hashText, hex32, mix32, objectId } from './random.ts'
import * as words from './vocabulary.ts'

export interface GeneratorSettings {
  readonly seed: number
  /** The organization's name: another organization, other events. */
  readonly organization: string
  /** Size at which events aim, in bytes; each one lies within a quarter of it, or is longer where its parts are. */
  readonly eventBytes: number
}

/** How an event differs from what its number alone says: placed by a control, or changed since. */
export interface Variation {
  readonly createdAtMs?: number
  readonly type?: string
  /** Caused by the owner of the token that exports. */
  readonly byAuditor?: boolean
  readonly authorDeleted?: boolean
  readonly authorRenamed?: boolean
  readonly avatarChanged?: boolean
  readonly tokenDeleted?: boolean
  /** Another message: content that the Hub does not rewrite. */
  readonly edited?: boolean
}

/** The events of one organization by their number, 1, 2, 3, …: pure, nothing is held. */
export interface EventGenerator {
  /** 24 hexadecimal digits, unique for each number below 2^32, in no order that follows time. */
  id(n: number): string
  /** Never falls with n; one in nine equals the one before. */
  createdAtMs(n: number): number
  type(n: number): string
  /** Name of the author. */
  author(n: number): string
  ip(n: number): string | undefined
  /** The element's JSON text. */
  json(n: number, variation?: Variation): string
}

/** Whose token the simulator takes every accepted token for. */
export const AUDITOR = {
  id: 'a0d1700000000000000000ff',
  name: 'auditor-example',
  fullname: 'Example Auditor',
  /** Of the token, as organizations see it. */
  tokenId: 'a0d1700000000000000000ee',
} as const

/** When the log begins: far enough back that ten million events, a second apart, lie in the past. */
export const ORIGIN_MS = Date.UTC(2026, 0, 1)

/** Who did what nobody did. */
export const SYSTEM_AUTHOR = { id: '0000000000000000000000aa', name: 'system-example' } as const
const SYSTEM = `{"_id":"${SYSTEM_AUTHOR.id}","user":"${SYSTEM_AUTHOR.name}","avatarUrl":"/avatars/system.svg","type":"system"}`
const BY_NAME = new Map(EVENT_TYPES.map(entry => [entry.type, entry]))
/** Coprime to the wheel's size: consecutive events are of different types, and none is left out. */
const WHEEL_STEP = 387
/** What an event takes beside its members and the content of `data`: id, brackets, names. */
const OTHER_BYTES = 64

const phrases = new Map(EVENT_TYPES.map(({ type, phrase }) => [type, phrase.split(/\{(\w+)\}/)]))

/** What the author did, in words. */
function phraseOf(entry: EventType | undefined, type: string, details: Details): string {
  const parts = entry === undefined ? undefined : phrases.get(entry.type)
  if (parts === undefined)
    return type === EXPORT_EVENT_TYPE ? `exported the audit log of ${details.org}` : `did ${type}`
  let text = parts[0]!
  for (let i = 1; i < parts.length; i += 2) text += details[parts[i] as keyof Details] + parts[i + 1]!
  return text
}

/** Tokens of members, as events name them; the last one was deleted by its owner. */
export const MEMBER_TOKENS = 40

/** Id of a member's token: 24 hexadecimal digits for each number below {@link MEMBER_TOKENS}. */
export function memberTokenId(number: number): string {
  return `70ce${hex32(number).repeat(2)}0000`
}

function tokenText(mix: number, variation: Variation | undefined): string {
  const number = mix % MEMBER_TOKENS
  const role = (mix & 0x2000) === 0 ? '' : `,"role":"${pick(words.TOKEN_ROLES, number)}"`
  const last4 = (mix & 0x4000) === 0 ? '' : `,"last4":"ex${String(number).padStart(2, '0')}"`
  const deleted = variation?.tokenDeleted === true || number === MEMBER_TOKENS - 1
  return `{"type":"access_token","id":"${memberTokenId(number)}"${role}${last4},"deleted":${deleted}}`
}

const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'))
/** The minute formatted last: neighbours in a log mostly share it. */
let minute = { number: Number.NaN, text: '' }

/** RFC 3339 in UTC: milliseconds as a rule, no fraction on a full second, microseconds now and then. */
function timeText(ms: number, mix: number): string {
  const number = Math.floor(ms / 60_000)
  if (number !== minute.number)
    minute = { number, text: new Date(number * 60_000).toISOString().slice(0, 17) }
  const rest = ms - number * 60_000
  const seconds = minute.text + THREE_DIGITS[Math.floor(rest / 1_000)]!.slice(1)
  const fraction = rest % 1_000
  if (fraction === 0) return `${seconds}Z`
  return `${seconds}.${THREE_DIGITS[fraction]!}${mix >>> 26 === 0 ? 100 + (mix % 900) : ''}Z`
}

function pick<T>(values: readonly T[], word: number): T {
  return values[word % values.length]!
}

export function createGenerator(settings: GeneratorSettings): EventGenerator {
  const { organization } = settings
  const org = JSON.stringify(organization).slice(1, -1)
  const a = hashText(organization, settings.seed)
  const b = mix32(a ^ 0x9e3779b9)
  const userIds = words.PEOPLE.map(objectId)
  const authorIndex = (n: number) => mix32(a + Math.imul(n, 3)) % (words.PEOPLE.length + 1)

  const authorOf = (n: number) => words.PEOPLE[authorIndex(n)] ?? SYSTEM_AUTHOR.name

  const id = (n: number) =>
    hex32(mix32(b ^ Math.imul(n, 0x9e3779b1))) + hex32(mix32(a + n)) + hex32(mix32(n ^ b))

  /** An event in nine or so shares its predecessor's time. */
  const tick = (n: number) => ((mix32(a ^ n) & 7) === 0 ? n - 1 : n)
  const createdAtMs = (n: number) => {
    const at = tick(n)
    const word = mix32(b + at)
    return ORIGIN_MS + at * 1_000 + ((word & 31) === 0 ? 0 : word % 1_000)
  }

  const typeOf = (n: number) => TYPE_WHEEL[(n * WHEEL_STEP + (a % WHEEL_SIZE)) % WHEEL_SIZE]!

  const ip = (n: number): string | undefined => {
    const word = mix32(a ^ Math.imul(n, 5))
    if ((word & 7) === 0) return undefined
    if ((word & 7) === 1)
      return `2001:db8:${(word >>> 16).toString(16)}:${((word >>> 4) & 0xfff).toString(16)}::`
    const network = pick(['192.0.2', '198.51.100', '203.0.113'], word >>> 3)
    return `${network}.${(word & 8) === 0 ? 0 : (word >>> 8) & 255}`
  }

  const authorText = (index: number, variation: Variation | undefined): string => {
    if (variation?.byAuditor === true) {
      return `{"_id":"${AUDITOR.id}","user":"${AUDITOR.name}","avatarUrl":"/avatars/auditor.svg","type":"user"}`
    }
    if (index === words.PEOPLE.length) return SYSTEM
    const name = words.PEOPLE[index]! + (variation?.authorRenamed === true ? '-renamed' : '')
    const avatar = `${userIds[index]!.slice(0, 8)}${variation?.avatarChanged === true ? '-new' : ''}`
    // Relative, or absolute: the Hub gives both.
    const avatarUrl = index % 3 === 0 ? `https://cdn.example/avatars/${avatar}.png` : `/avatars/${avatar}.svg`
    const deleted =
      variation?.authorDeleted === true ? ',"deleted":true' : index === 7 ? ',"deleted":false' : ''
    return `{"_id":"${userIds[index]!}","user":"${name}","avatarUrl":"${avatarUrl}","type":"user"${deleted}}`
  }

  const detailsOf = (n: number): Details => {
    const word = mix32(b ^ Math.imul(n, 7))
    const other = mix32(word)
    const user = word % words.PEOPLE.length
    return {
      word,
      org,
      author: authorOf(n),
      user: words.PEOPLE[user]!,
      userId: userIds[user]!,
      repo: `${org}/${pick(words.REPO_NAMES, other)}-${other % 97}`,
      repoType: pick(words.REPO_TYPES, word >>> 5),
      group: pick(words.GROUPS, other >>> 7),
      role: pick(words.ROLES, word >>> 9),
      role2: pick(words.ROLES, (word >>> 9) + 1),
      secret: pick(words.SECRETS, word >>> 11),
      token: `ci-token-${word % 40}`,
      account: `service-${other % 12}-example`,
      email: `guest-${other % 1_000}@mail.example`,
      hardware: pick(words.HARDWARE, other >>> 3),
      plan: pick(words.PLANS, word >>> 13),
      region: pick(words.REGIONS, word >>> 14),
      provider: pick(words.PROVIDERS, word >>> 15),
      schedule: pick(words.SCHEDULES, word >>> 16),
      visibility: pick(words.VISIBILITIES, word >>> 17),
      cidr: `${pick(['192.0.2', '198.51.100', '203.0.113'], word >>> 18)}.0\\/24`,
      count: 2 + (word % 7),
    }
  }

  /** All members but `_id` and `data`, without a comma at the end. */
  const membersOf = (n: number, mix: number, details: Details, variation: Variation | undefined): string => {
    const index = authorIndex(n)
    const natural = typeOf(n)
    const type = variation?.type ?? natural.type
    const author = variation?.byAuditor === true ? AUDITOR.name : details.author
    const did = phraseOf(variation?.type === undefined ? natural : BY_NAME.get(type), type, details)
    const edited = variation?.edited === true ? ' (edited)' : ''
    const time = timeText(variation?.createdAtMs ?? createdAtMs(n), mix)

    let text = `"createdAt":"${time}","type":"${type}","message":"${author} ${did}${edited}","author":${authorText(index, variation)}`
    const address = ip(n)
    if (address !== undefined) {
      text += `,"ip":"${address}"`
      if ((mix & 3) !== 0) text += `,"location":{${pick(words.LOCATIONS, mix >>> 2)}}`
    }
    if (index !== words.PEOPLE.length) {
      if ((mix & 0x70) !== 0) text += `,"userAgent":"${pick(words.USER_AGENTS, mix >>> 7)}"`
      if (((mix >>> 10) & 3) !== 0) text += `,"token":${tokenText(mix, variation)}`
      else if (((mix >>> 12) & 3) === 0) text += `,"oauth":{${pick(words.OAUTH_APPS, mix >>> 14)}}`
    }
    return text
  }

  const json = (n: number, variation?: Variation): string => {
    const mix = mix32(a + Math.imul(n, 11))
    const details = detailsOf(n)
    const members = membersOf(n, mix, details, variation)
    // A varied event is filled like the plain one: what does not vary keeps its bytes.
    const taken = variation === undefined ? members.length : membersOf(n, mix, details, undefined).length
    const size = Math.round(settings.eventBytes * (0.75 + (mix32(mix) % 1_000) / 2_000))
    const shape =
      variation?.type === undefined ? typeOf(n).data : (BY_NAME.get(variation.type)?.data ?? 'none')
    const data = dataText(shape, details, open => words.filler(mix, size - OTHER_BYTES - taken - open))
    const end = data === undefined ? '' : `,"data":${data}`
    // The members of an object have no order: one in sixteen has its id last, after those of nested objects.
    if ((mix & 0xf00) === 0) return `{${members}${end},"_id":"${id(n)}"}`
    return `{"_id":"${id(n)}",${members}${end}}`
  }

  return {
    id,
    createdAtMs,
    type: n => typeOf(n).type,
    author: authorOf,
    ip,
    json,
  }
}
