import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type CatalogueEntry, catalogue } from '../../src/event/catalogue.ts'
import { firstChainHash, nextChainHash } from '../../src/event/chain.ts'
import { parseElement } from '../../src/event/hub-event.ts'
import { createNormalizer } from '../../src/event/normalize.ts'
import { type Organization, sourceUri } from '../../src/event/organization.ts'
import type { AuditRecord } from '../../src/event/records.ts'

/**
 * One event of every known type and the record it must become, in `test/fixtures/events/`. Everything in them is
 * invented: ids are counters, addresses come from the documentation ranges (RFC 5737, RFC 3849).
 *
 * `node test/support/golden-events.ts --write` writes the files anew: read the difference before you commit it.
 */
export interface GoldenEvent {
  readonly element: string
  /** As JSON, `chainHash` in hex. */
  readonly record: Record<string, unknown>
}

export const GOLDEN_EVENTS = new URL('../fixtures/events/', import.meta.url)

export function readGoldenEvent(type: string): GoldenEvent {
  return JSON.parse(readFileSync(new URL(`${type}.json`, GOLDEN_EVENTS), 'utf8'))
}

const ORGANIZATION: Organization = {
  name: 'example-org',
  identity: 'example-org',
  endpoint: 'https://huggingface.co',
}
const OWN_USER_ID = objectId(1)
const normalize = createNormalizer({
  organization: ORGANIZATION,
  workspaceId: 'example-workspace',
  sourceTtlDays: 400,
})

/** The record of an element that is the first of its organization's trail. */
export function goldenRecord(element: string): AuditRecord {
  const bytes = Buffer.from(element)
  const parsed = parseElement({ bytes })
  if (parsed.kind !== 'event') throw new Error(`the golden element is poison: ${parsed.detail}`)
  return normalize(parsed, {
    receivedAtMs: Date.UTC(2026, 7, 18),
    sequence: 1,
    chainHash: nextChainHash(
      firstChainHash(sourceUri(ORGANIZATION)),
      createHash('sha256').update(bytes).digest(),
    ),
    ownUserId: OWN_USER_ID,
  })
}

export function asJson(record: AuditRecord): Record<string, unknown> {
  return { ...record, chainHash: record.chainHash.toString('hex') }
}

function objectId(counter: number): string {
  return String(counter).padStart(24, '0')
}

const REPO_TYPES = ['model', 'dataset', 'space', 'bucket'] as const

/** JSON text of `data`, by the kind of thing that is acted upon; every few events another shape of it. */
const DATA: Record<string, readonly ((n: number) => string)[]> = {
  member: [
    n =>
      `{"user":{"_id":"${objectId(500 + n)}","name":"invented-user-${n}"},"role":{"from":"read","to":"write"}}`,
    n => `{"member":"invented-user-${n}"}`,
    () => '{"email":"someone@example.org"}',
  ],
  org: [
    () => '{"from":"example-org-old","to":"example-org"}',
    n => `{"before":{"value":null},"after":{"value":${n}}}`,
    () => 'null',
    () => '{"ranges":["192.0.2.0/24","2001:db8::/32"],"enforced":true}',
    () => '"a text where an object was expected"',
  ],
  token: [
    n =>
      `{"token":{"_id":"${objectId(600 + n)}","displayName":"invented-token-${n}"},"user":"invented-user"}`,
    n => `{"tokens":[{"displayName":"invented-token-${n}"},{"displayName":"other-token"}]}`,
  ],
  service_account: [n => `{"serviceAccount":{"_id":"${objectId(700 + n)}","name":"invented-account-${n}"}}`],
  repo: [
    n => `{"repo":"example-org/invented-${n}","repoType":"${REPO_TYPES[n % 4]}"}`,
    n => `{"repo":{"type":"${REPO_TYPES[n % 4]}","name":"example-org/invented-${n}","private":true}}`,
    n => `{ "repo" : {"name": "example-org/invented-${n}"}, "bytes": 9007199254740993, "ratio": 1.50e-3 }`,
    n => `{"from":{"name":"example-org/invented-${n}"},"to":{"name":"example-org/moved-${n}"}}`,
    n => `{"repo":{"name":"example-org/invented-${n}"},"names":["EXAMPLE_KEY","LOG_LEVEL"]}`,
  ],
  collection: [n => `{"collection":{"slug":"example-org/invented-${n}","title":"Invented \\u2013 ${n}"}}`],
  space: [n => `{"space":"example-org/invented-${n}","hardware":{"from":"cpu-basic","to":"t4-small"}}`],
  resource_group: [
    n =>
      `{"resourceGroup":{"_id":"${objectId(800 + n)}","name":"Group ${n}"},"users":[{"user":"invented-user-${n}"}]}`,
    n => `{"group":"Group ${n} \\ud83d\\ude00"}`,
  ],
  job: [n => `{"job":{"id":"${objectId(900 + n)}","command":["python","-c","print(\\"hello\\")"]}}`],
  scheduled_job: [n => `{"scheduledJob":{"id":"${objectId(900 + n)}","schedule":"@daily"}}`],
  billing: [n => `{"plan":"enterprise","seats":${n},"amount":${n}.00}`, () => '{}'],
  oauth_app: [() => '{"oauthApp":{"name":"Invented App"},"scopes":["openid"]}'],
}

/** JSON text of the optional parts, from fully there to absent; `n` chooses. */
const LOCATIONS = [
  '{"formatted":"Exampleton, XA","country":"XA","city":"Exampleton"}',
  '{"formatted":"Exampleland","country":"XE"}',
  '{"formatted":"Unknown"}',
  undefined,
] as const
const TOKENS = [
  undefined,
  '{"type":"access_token","id":"invented-token-id","role":"fineGrained","last4":"0000","deleted":false}',
  '{"type":"access_token","id":"invented-token-id","deleted":true}',
] as const
const IPS = ['192.0.2.0', '2001:db8::', undefined, '198.51.100.0', '203.0.113.0'] as const

/** The exact text of one plausible event. */
function goldenElement(entry: CatalogueEntry, n: number): string {
  const author =
    n % 7 === 3
      ? `{"_id":"${objectId(2)}","user":"system","avatarUrl":"/avatars/invented.svg","type":"system"}`
      : `{"_id":"${entry.type === 'org.audit_log.export' ? OWN_USER_ID : objectId(100 + n)}","user":"invented-user",` +
        `"avatarUrl":"https://cdn.example/${n}.png","type":"user"${n % 3 === 0 ? ',"deleted":false' : ''}}`
  const shapes = DATA[entry.resource]!
  const fraction = ['.123', '', '.123999', '.5'][n % 4]
  const members: [name: string, text: string | undefined][] = [
    ['_id', `"${objectId(1000 + n)}"`],
    ['createdAt', `"2026-08-17T09:15:${String(n % 60).padStart(2, '0')}${fraction}Z"`],
    ['type', `"${entry.type}"`],
    ['message', JSON.stringify(`Invented: ${entry.description}`)],
    ['author', author],
    ['data', n % 11 === 10 ? undefined : shapes[n % shapes.length]!(n)],
    ['ip', IPS[n % 5] && `"${IPS[n % 5]}"`],
    ['location', LOCATIONS[n % 4]],
    ['userAgent', n % 6 === 5 ? undefined : '"invented-agent/1.0 (\\"quoted\\"; ünïcode)"'],
    ['token', TOKENS[n % 3]],
    [
      'oauth',
      [undefined, `{"clientId":"invented-${n}","name":"Invented App"}`, `{"clientId":"invented-${n}"}`][
        n % 5
      ],
    ],
  ]
  const [colon, comma] = n % 8 === 7 ? [': ', ', '] : [':', ',']
  const written = members
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `"${name}"${colon}${text}`)
  return `{${written.join(comma)}}`
}

if (import.meta.main && process.argv.includes('--write')) {
  mkdirSync(GOLDEN_EVENTS, { recursive: true })
  for (const [n, entry] of [...catalogue().values()].entries()) {
    const element = goldenElement(entry, n)
    const golden: GoldenEvent = { element, record: asJson(goldenRecord(element)) }
    writeFileSync(new URL(`${entry.type}.json`, GOLDEN_EVENTS), `${JSON.stringify(golden, null, 1)}\n`)
  }
}
