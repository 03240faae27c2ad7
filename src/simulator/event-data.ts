import { hex32, mix32 } from './random.ts'

/** What the words in braces of a phrase, and the members of `data`, are taken from. Written as inside JSON strings. */
export interface Details {
  readonly org: string
  readonly author: string
  readonly user: string
  readonly userId: string
  readonly repo: string
  readonly repoType: string
  readonly group: string
  readonly role: string
  readonly role2: string
  readonly secret: string
  readonly token: string
  readonly account: string
  readonly email: string
  readonly hardware: string
  readonly plan: string
  readonly region: string
  readonly provider: string
  readonly schedule: string
  readonly visibility: string
  readonly cidr: string
  readonly count: number
  /** 32 bits of this event alone. */
  readonly word: number
}

/**
 * `data` as JSON text without its closing bracket, so that filling can be added; `null` where there is no `data`.
 * The Hub documents no shape for it: these are as varied as JSON allows.
 */
const SHAPES = {
  none: () => null,
  null: () => 'null',
  string: (d: Details) => `"${d.org}`,
  billing: (d: Details) =>
    `{"plan":"${d.plan}","seats":${d.count},"amount":${d.count * 20}.00,"currency":"usd"`,
  collection: (d: Details) =>
    `{"collection":{"slug":"${d.org}/collection-${objectId(d).slice(0, 6)}","title":"${d.group}","items":[]}`,
  member: (d: Details) =>
    `{"user":{"_id":"${d.userId}","name":"${d.user}"},"role":{"from":"${d.role}","to":"${d.role2}"}`,
  invitation: (d: Details) => `{"email":"${d.email}","expiresInDays":7,"resent":false`,
  rename: (d: Details) => `{"from":"${d.org}-old","to":"${d.org}"`,
  token: (d: Details) =>
    `{"token":{"displayName":"${d.token}","owner":"${d.user}","scopes":["repo.read","repo.write"]}`,
  sso: (d: Details) =>
    `{"provider":"https:\\/\\/idp.example\\/saml","nameId":"${d.email}","sessionSeconds":28800`,
  settings: (d: Details) =>
    `{"before":{"value":null,"inherited":true},"after":{"value":"${d.visibility}","region":"${d.region}"}`,
  network: (d: Details) => `{"ranges":["${d.cidr}","2001:db8::\\/32"],"enforced":${d.count % 2 === 0}`,
  secrets: (d: Details) =>
    `{"repo":{"type":"${d.repoType}","name":"${d.repo}"},"names":["${d.secret}","LOG_LEVEL"]`,
  secret: (d: Details) => `{"repo":{"type":"${d.repoType}","name":"${d.repo}"},"name":"${d.secret}"`,
  repo: (d: Details) =>
    `{"repo":{"_id":"${objectId(d)}","type":"${d.repoType}","name":"${d.repo}","private":${d.count % 2 === 0}},` +
    `"resourceGroup":"${d.group}"`,
  repoName: (d: Details) => `{"repo":"${d.repo}","repoType":"${d.repoType}"`,
  repoMove: (d: Details) =>
    `{"repoType":"${d.repoType}","from":{"name":"${d.repo}"},"to":{"name":"${d.repo}-copy"}`,
  repoSettings: (d: Details) =>
    `{"repo":{"type":"${d.repoType}","name":"${d.repo}"},` +
    `"changes":[{"key":"visibility","from":"private","to":"${d.visibility}"},{"key":"gated","from":null,"to":"auto"}]`,
  // 2^53 + 1 and more: not representable as a double, so a reader that parses numbers changes it.
  lfs: (d: Details) =>
    `{"repo":{"type":"${d.repoType}","name":"${d.repo}"},"file":"weights\\/part-\\u0030${d.count}.safetensors",` +
    `"bytes":${9_007_199_254_740_993n + BigInt(d.word) * 2n},"ratio":1.50e-3`,
  space: (d: Details) =>
    `{"repo":{"type":"space","name":"${d.repo}"},"hardware":{"from":"cpu-basic","to":"${d.hardware}"},"sleepSeconds":-1`,
  group: (d: Details) =>
    `{"resourceGroup":{"_id":"${objectId(d)}","name":"${d.group}"},"users":[{"_id":"${d.userId}","name":"${d.user}"}]`,
  job: (d: Details) =>
    `{"job":{"id":"${objectId(d)}","flavor":"${d.hardware}","command":["python","-c","print(\\"hello\\")\\n"],` +
    `"env":{"PYTHONUNBUFFERED":"1"},"labels":{"team":"${d.group}"}}`,
  scheduled: (d: Details) =>
    `{"scheduledJob":{"id":"${objectId(d)}","schedule":"${d.schedule}","suspend":false}`,
  account: (d: Details) =>
    `{"serviceAccount":{"_id":"${d.userId}","name":"${d.account}"},"token":{"displayName":"${d.token}"}`,
  oauth: (d: Details) =>
    `["openid","profile","${d.count % 2 === 0 ? 'read-repos' : 'lone \\ud83d surrogate'}"`,
} as const satisfies Record<string, (details: Details) => string | null>

/** 24 hexadecimal digits for the thing that the event is about. */
function objectId(details: Details): string {
  const next = mix32(details.word)
  return hex32(next) + hex32(details.word) + hex32(mix32(next))
}

export type DataShape = keyof typeof SHAPES

/** The JSON text of `data` with about `fill(n)` more characters, where its shape has room; undefined: no `data`. */
export function dataText(
  shape: DataShape,
  details: Details,
  fill: (taken: number) => string,
): string | undefined {
  const open = SHAPES[shape](details)
  if (open === null) return undefined
  if (open === 'null') return open
  const filling = fill(open.length)
  switch (open[0]) {
    case '{':
      return filling === '' ? `${open}}` : `${open},"details":"${filling}"}`
    case '[':
      return filling === '' ? `${open}]` : `${open},"${filling}"]`
    default:
      return filling === '' ? `${open}"` : `${open} ${filling}"`
  }
}
