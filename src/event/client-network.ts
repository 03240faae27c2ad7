import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** What an `ip` of the Hub names: one host, or the network that is left of it once it was anonymized. */
export interface ClientNetwork {
  /** The first address, 4 or 16 bytes. */
  readonly bytes: Uint8Array
  /** 32 or 128 for a host. */
  readonly prefixLength: number
  /** `203.0.113.7`, or `203.0.113.0/24`. */
  readonly text: string
}

/** Longer than any address in any of the forms. */
const MAX_CHARACTERS = 64

/**
 * Reads an `ip`. The Hub says "anonymised" and gives no format, so each usual one is taken for the network it is: zeroes
 * at the end (`203.0.113.0`, `2001:db8:1::`), a prefix length, or `x` or `*` for what was cut off (`203.0.113.xxx`,
 * `2001:db8:1:*`). Of several networks that a text may stand for the widest is taken: what holds for that holds for all.
 * Undefined for what is no address, and for one that no database can know: private, loopback, link-local, multicast,
 * reserved.
 */
export function clientNetwork(ip: string): ClientNetwork | undefined {
  const network = addressNetwork(ip)
  return network === undefined || isPrivate(network) ? undefined : network
}

/** The same for every address, those too that no database can know. */
export function addressNetwork(ip: string): ClientNetwork | undefined {
  return ip.length > MAX_CHARACTERS ? undefined : readNetwork(bare(ip.trim()))
}

/** Without a port and without the brackets and the zone of IPv6. */
function bare(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)
  if (bracketed !== null) return bracketed[1]!.replace(/%.*$/, '')
  const withPort = /^([\d.]+):\d{1,5}$/.exec(text)
  return withPort === null ? text.replace(/%[^/]*/, '') : withPort[1]!
}

function readNetwork(text: string): ClientNetwork | undefined {
  const slash = text.indexOf('/')
  if (slash >= 0) {
    const length = text.slice(slash + 1)
    const bytes = addressBytes(text.slice(0, slash))
    if (bytes === undefined || !/^\d{1,3}$/.test(length)) return undefined
    // Of an IPv4 address that is written as IPv6 the length counts from there.
    const isMapped = bytes.length === 4 && text.includes(':')
    const prefixLength = Number(length) - (isMapped ? 96 : 0)
    const isLength = prefixLength >= 0 && prefixLength <= bytes.length * 8
    return isLength ? network(bytes, prefixLength) : undefined
  }
  const bytes = addressBytes(text)
  if (bytes !== undefined) return network(bytes, bytes.length * 8 - zeroedBits(bytes))
  return text.includes(':') ? maskedIPv6(text) : maskedIPv4(text)
}

function addressBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text)) return undefined
  const bytes = ipv6Bytes(text)
  const isMapped = bytes.subarray(0, 10).every(byte => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  return isMapped ? bytes.slice(12) : bytes
}

function ipv6Bytes(text: string): Uint8Array {
  const [head = '', tail = ''] = text.split('::') as [string, string?]
  const before = groupBytes(head)
  const after = groupBytes(tail)
  const bytes = new Uint8Array(16)
  bytes.set(before)
  bytes.set(after, 16 - after.length)
  return bytes
}

function groupBytes(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap(group => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/**
 * How many bits at the end look zeroed: whole octets, of IPv6 whole bytes but at least a group of two (`::100` is a
 * host). Never so many that less than a /16 or a /32 is left: nobody anonymizes that far.
 */
function zeroedBits(bytes: Uint8Array): number {
  const [least, most] = bytes.length === 4 ? [1, 2] : [2, 12]
  let zeros = 0
  while (zeros < most && bytes[bytes.length - 1 - zeros] === 0) zeros += 1
  return zeros < least ? 0 : zeros * 8
}

/** `203.0.113.xxx`, `203.0.113.*`, `203.0.*`, `203.0.11x.xxx`, `203.0.113.`, `203.0.113`. */
function maskedIPv4(text: string): ClientNetwork | undefined {
  const parts = text.split('.')
  const isOctet = (part: string) => /^\d{1,3}$/.test(part) && Number(part) <= 255
  const isMask = (part: string) => /^[\dx*]{1,3}$/i.test(part) && !/^\d+$/.test(part)
  const known = parts.findIndex(part => !isOctet(part))
  if (known < 0)
    return parts.length === 3 ? network(Uint8Array.from([...parts.map(Number), 0]), 24) : undefined
  const rest = parts.slice(known)
  const isCut = rest.length === 1 && rest[0] === '' && known === 3
  if (known < 1 || parts.length > 4 || !(isCut || (rest.every(isMask) && fills(parts.length, rest, 4)))) {
    return undefined
  }
  const bytes = new Uint8Array(4)
  bytes.set(parts.slice(0, known).map(Number))
  return network(bytes, known * 8)
}

/** `2001:db8:1:xxxx:xxxx:xxxx:xxxx:xxxx`, `2001:db8:1:*`, `2001:db8:1::xxxx`. */
function maskedIPv6(text: string): ClientNetwork | undefined {
  const parts = text.split(':')
  const known = parts.findIndex(part => !/^[0-9a-f]{1,4}$/i.test(part))
  const rest = parts.slice(known)
  const isMask = (part: string) => /^[0-9a-fx*]{1,4}$/i.test(part) && /[x*]/i.test(part)
  if (known < 1 || parts.length > 8) return undefined
  const masks = rest[0] === '' ? rest.slice(1) : rest
  const isMasked = masks.length > 0 && masks.every(isMask)
  if (!isMasked || (rest[0] !== '' && !fills(parts.length, rest, 8))) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(groupBytes(parts.slice(0, known).join(':')))
  return network(bytes, known * 16)
}

/** Every place is there, or one star stands for all that are missing. */
function fills(length: number, rest: readonly string[], places: number): boolean {
  return length === places || (rest.length === 1 && rest[0] === '*')
}

function network(address: Uint8Array, prefixLength: number): ClientNetwork {
  const bytes = address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8))
    return byte & (0xff00 >> kept)
  })
  const text = addressText(bytes)
  const isHost = prefixLength === bytes.length * 8
  return { bytes, prefixLength, text: isHost ? text : `${text}/${prefixLength}` }
}

/** Of IPv6 as RFC 5952 writes it. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16),
  )
  const full = groups.join(':')
  const longest = (full.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? []).sort((a, b) => b.length - a.length)[0]
  if (longest === undefined) return full
  const at = full.indexOf(longest)
  return `${full.slice(0, at)}::${full.slice(at + longest.length).replace(/^:/, '')}`
}

/** Not on the Internet, by the registries of special-purpose addresses (RFC 6890). Addresses for documentation stay. */
const PRIVATE = new BlockList()
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(address, prefix, 'ipv4')
}
for (const [address, prefix] of [
  ['::', 96],
  ['100::', 64],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(address, prefix, 'ipv6')
}

function isPrivate({ bytes }: ClientNetwork): boolean {
  return PRIVATE.check(addressText(bytes), bytes.length === 4 ? 'ipv4' : 'ipv6')
}
