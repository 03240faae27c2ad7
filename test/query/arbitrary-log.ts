import fc from 'fast-check'
import type { RepositoryType } from '../../src/event/repository-types.ts'

/** What was put into an element, so that an answer can be told without the code that is tested. */
export interface LogElement {
  readonly text: string
  /** Undefined for poison. */
  readonly event:
    | {
        readonly id: string
        readonly type: string
        readonly user: string
        readonly ip: string | undefined
        readonly createdAt: string
        readonly kinds: readonly RepositoryType[]
        readonly word: string
      }
    | undefined
}

export const USERS = ['alice', 'bob', 'Alice', 'çelik']
export const TYPES = [
  'repo.create',
  'repo.move',
  'org.remove_user',
  'org.change_role',
  'spaces.add_secret',
  'x',
]
export const IPS = ['203.0.113.7', '203.0.113.0', '203.0.114.9', '2001:db8:1::']
export const WORDS = ['Zürich', 'quote"d', 'plain', 'back\\slash', 'zürich again']
/** Few instants, so that many events share one, and some are the same instant written in another way. */
export const TIMES = [
  '2026-08-15T00:00:00.000Z',
  '2026-08-15T02:00:00+02:00',
  '2026-08-15T00:00:00.0009Z',
  '2026-08-16T23:59:59.999Z',
  '2026-08-17T00:00:00Z',
  '2026-08-17T12:30:00.5Z',
]

const data = fc.constantFrom<{ data: unknown; kinds: readonly RepositoryType[] }>(
  { data: undefined, kinds: [] },
  { data: { repo: { type: 'model', name: 'acme/m' } }, kinds: ['model'] },
  { data: { repo: 'acme/d', repoType: 'dataset' }, kinds: ['dataset'] },
  { data: { changes: [{ space: 'acme/s' }, { model: 'acme/m' }] }, kinds: ['space', 'model'] },
  { data: ['model'], kinds: [] },
)

const event = fc
  .record({
    // Few ids, so that some come twice; of two that differ in length only, one is the beginning of the other.
    id: fc.stringMatching(/^[ab\ue000\u{1f600}]{1,3}$/u),
    type: fc.constantFrom(...TYPES),
    user: fc.constantFrom(...USERS),
    ip: fc.constantFrom(undefined, ...IPS),
    createdAt: fc.constantFrom(...TIMES),
    word: fc.constantFrom(...WORDS),
    data,
    escaped: fc.boolean(),
    indent: fc.constantFrom(undefined, 2),
  })
  .map(({ data: { data: content, kinds }, escaped, indent, ...rest }): LogElement => {
    const { id, type, user, ip, createdAt, word } = rest
    const json = JSON.stringify(
      { _id: id, createdAt, type, message: `saw ${word}`, author: { user }, ip, data: content },
      undefined,
      indent,
    )
    // Written with an escape, a type can be read by parsing only.
    const text = escaped
      ? json.replace(`"${type}"`, `"\\u00${type.charCodeAt(0).toString(16)}${type.slice(1)}"`)
      : json
    const own: readonly RepositoryType[] = type.startsWith('spaces.') ? ['space'] : []
    return { text, event: { ...rest, kinds: [...new Set([...kinds, ...own])] } }
  })

const poison = fc
  .constantFrom(
    'null',
    '42',
    '"text"',
    '[]',
    '{}',
    '{"_id":"a"}',
    '{"_id":7,"type":"x","createdAt":"2026-08-17T00:00:00Z"}',
  )
  .map((text): LogElement => ({ text, event: undefined }))

export const arbitraryLog = fc.array(
  fc.oneof({ weight: 8, arbitrary: event }, { weight: 1, arbitrary: poison }),
  {
    maxLength: 60,
  },
)
