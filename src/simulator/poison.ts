/** One element of each kind that a reader must set aside without losing the others. Always the same bytes. */
const EVENT = {
  _id: 'badbadbadbadbadbadbad000',
  createdAt: '2026-01-01T00:00:00.000Z',
  type: 'repo.create',
  message: 'alice-example created something that nobody can read',
  author: {
    _id: 'a11ce0000000000000000000',
    user: 'alice-example',
    avatarUrl: '/avatars/alice.svg',
    type: 'user',
  },
}

/** An event of its own id (so that one kind is not taken for another), with some members replaced or left out. */
function event(suffix: string, change: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...EVENT, _id: EVENT._id.slice(0, -3) + suffix, ...change }))
}

/** A text where `@` stands for one byte that no UTF-8 text may hold. */
function withByte(text: string, byte: number): Buffer {
  const bytes = Buffer.from(text)
  bytes[bytes.indexOf(0x40)] = byte
  return bytes
}

const ELEMENTS = {
  number: () => Buffer.from('42'),
  string: () => Buffer.from('"an event, but only as text"'),
  null: () => Buffer.from('null'),
  boolean: () => Buffer.from('false'),
  array: () => Buffer.from('[{"_id":"badbadbadbadbadbadbad001"}]'),
  'empty-object': () => Buffer.from('{}'),
  'id-missing': () => event('', { _id: undefined }),
  'id-null': () => event('', { _id: null }),
  'id-number': () => event('', { _id: 12_345 }),
  'id-object': () => event('', { _id: { $oid: 'badbadbadbadbadbadbad002' } }),
  'id-empty': () => event('', { _id: '' }),
  'id-too-long': () => event('', { _id: 'f'.repeat(256) }),
  // 128 characters, but 256 bytes.
  'id-too-many-bytes': () => event('', { _id: 'é'.repeat(128) }),
  'id-lone-surrogate': () => event('', { _id: 'bad\ud800' }),
  'type-missing': () => event('010', { type: undefined }),
  'type-not-a-string': () => event('011', { type: ['repo.create'] }),
  'type-empty': () => event('012', { type: '' }),
  'type-too-long': () => event('013', { type: `repo.${'x'.repeat(251)}` }),
  'created-at-missing': () => event('020', { createdAt: undefined }),
  'created-at-number': () => event('021', { createdAt: 1_767_225_600_000 }),
  'created-at-not-a-time': () => event('022', { createdAt: 'yesterday' }),
  'created-at-no-such-day': () => event('023', { createdAt: '2026-02-30T00:00:00Z' }),
  'invalid-utf8': () =>
    withByte(JSON.stringify({ ...EVENT, _id: 'badbadbadbadbadbadbad030' }).replace('nobody', 'n@body'), 0xff),
  'invalid-utf8-id': () => withByte(JSON.stringify({ ...EVENT, _id: 'badbadbad@adbadbadbad031' }), 0xc0),
  // More than is kept of a dead letter.
  oversize: () => Buffer.from(JSON.stringify(['x'.repeat(600 * 1024)])),
} as const satisfies Record<string, () => Buffer>

export type PoisonKind = keyof typeof ELEMENTS

export const POISON_KINDS = Object.keys(ELEMENTS) as [PoisonKind, ...PoisonKind[]]

/** The element's exact bytes. */
export function poisonElement(kind: PoisonKind): Buffer {
  return ELEMENTS[kind]()
}
