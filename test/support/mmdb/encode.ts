/** A value of a record: numbers become doubles, except where `whole` says otherwise. */
export type MmdbValue =
  | string
  | number
  | boolean
  | { readonly whole: number }
  | readonly MmdbValue[]
  | { readonly [key: string]: MmdbValue }

export interface MmdbOptions {
  readonly type: string
  readonly ipVersion?: 4 | 6
  readonly recordSize?: 24 | 28 | 32
  readonly builtAtMs?: number
  /** Networks as `203.0.113.0/24` or `2001:db8::/32`, with the record of each; the later wins. */
  readonly networks: Readonly<Record<string, MmdbValue>>
}

const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')

/** An unsigned integer. */
export const whole = (value: number): MmdbValue => ({ whole: value })

/**
 * A database in MaxMind's format, version 2.0, from nothing but its specification
 * (https://maxmind.github.io/MaxMind-DB/): small and slow, for tests.
 */
export function encodeMmdb(options: MmdbOptions): Buffer {
  const { type, ipVersion = 6, recordSize = 24, builtAtMs = Date.UTC(2026, 7, 1), networks } = options
  const data: Buffer[] = []
  let dataLength = 0
  const root = new Node()
  for (const [network, value] of Object.entries(networks)) {
    const encoded = encodeValue(value)
    insert(root, bitsOf(network, ipVersion), dataLength)
    data.push(encoded)
    dataLength += encoded.length
  }
  const nodes = numbered(root)
  const tree = Buffer.concat(nodes.map(node => encodeNode(node, nodes.length, recordSize)))
  const metadata = encodeValue({
    binary_format_major_version: whole(2),
    binary_format_minor_version: whole(0),
    build_epoch: whole(builtAtMs / 1_000),
    database_type: type,
    description: { en: 'Invented, for tests' },
    ip_version: whole(ipVersion),
    languages: ['en'],
    node_count: whole(nodes.length),
    record_size: whole(recordSize),
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, METADATA_MARKER, metadata])
}

type Branch = Node | number | undefined

/** A branch is a node, the offset of a record in the data, or nothing. */
class Node {
  number = 0
  branches: [Branch, Branch] = [undefined, undefined]
}

function insert(root: Node, bits: readonly number[], offset: number): void {
  let node = root
  for (const [depth, bit] of bits.entries()) {
    const side = bit as 0 | 1
    if (depth === bits.length - 1) {
      node.branches[side] = offset
      return
    }
    const next = node.branches[side]
    if (next instanceof Node) node = next
    else {
      const made = new Node()
      // A wider network that was there before goes on in what is left of it.
      made.branches = [next, next]
      node.branches[side] = made
      node = made
    }
  }
}

function numbered(root: Node): Node[] {
  const nodes = [root]
  // The list grows while it is walked.
  for (const [index, node] of nodes.entries()) {
    node.number = index
    for (const branch of node.branches) if (branch instanceof Node) nodes.push(branch)
  }
  return nodes
}

function encodeNode(node: Node, count: number, recordSize: 24 | 28 | 32): Buffer {
  const [left, right] = node.branches.map(branch => {
    if (branch instanceof Node) return branch.number
    return branch === undefined ? count : count + 16 + branch
  }) as [number, number]
  const buffer = Buffer.alloc(recordSize / 4)
  if (recordSize === 32) {
    buffer.writeUInt32BE(left, 0)
    buffer.writeUInt32BE(right, 4)
  } else {
    buffer.writeUIntBE(left % 2 ** 24, 0, 3)
    buffer.writeUIntBE(right % 2 ** 24, recordSize / 8 === 3 ? 3 : 4, 3)
    if (recordSize === 28) buffer[3] = (Math.floor(left / 2 ** 24) << 4) | Math.floor(right / 2 ** 24)
  }
  return buffer
}

function bitsOf(network: string, ipVersion: 4 | 6): number[] {
  const [address, length] = network.split('/') as [string, string]
  const isV6 = address.includes(':')
  const bytes = isV6 ? v6Bytes(address) : address.split('.').map(Number)
  const bits = bytes.flatMap(byte => [7, 6, 5, 4, 3, 2, 1, 0].map(bit => (byte >> bit) & 1))
  const kept = bits.slice(0, Number(length))
  return !isV6 && ipVersion === 6 ? [...new Array<number>(96).fill(0), ...kept] : kept
}

function v6Bytes(address: string): number[] {
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [before, after] = [groups(head), groups(tail)]
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
  return all.flatMap(group => [group >> 8, group & 0xff])
}

function encodeValue(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([control(2, bytes.length), bytes])
  }
  if (typeof value === 'boolean') return control(14, value ? 1 : 0)
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return Buffer.concat([control(3, 8), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encodeValue)])
  const entries = Object.entries(value as { readonly [key: string]: MmdbValue })
  if (entries.length === 1 && entries[0]![0] === 'whole') {
    const hex = (entries[0]![1] as number).toString(16)
    const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex')
    // uint32 up to four bytes, uint64 beyond.
    return Buffer.concat([control(bytes.length <= 4 ? 6 : 9, bytes.length), bytes])
  }
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encodeValue(key), encodeValue(inner)]),
  ])
}

/** The byte or bytes before a value: its type and its size. */
function control(type: number, size: number): Buffer {
  const extended = type > 7
  let [sizeBits, more] = [size, Buffer.alloc(0)]
  if (size >= 285) {
    more = Buffer.alloc(2)
    more.writeUInt16BE(size - 285)
    sizeBits = 30
  } else if (size >= 29) {
    more = Buffer.from([size - 29])
    sizeBits = 29
  }
  const first = Buffer.from([((extended ? 0 : type) << 5) | sizeBits])
  return Buffer.concat([first, extended ? Buffer.from([type - 7]) : Buffer.alloc(0), more])
}
