import { isIP } from 'node:net'
import { addressNetwork, type ClientNetwork } from '../event/client-network.ts'

/** An address that is looked for. */
export interface AddressQuery {
  /** True for the `ip` of an event that may be this address, or lie in this network. */
  matches(ip: string): boolean
  /**
   * True when an `ip` that is not written exactly like the query can match all the same, other than by notation: of a
   * host, its anonymized forms; of a network, what lies in it.
   */
  readonly isWide: boolean
}

/**
 * Reads an address (`203.0.113.7`), a network (`203.0.113.0/24`) or one of the anonymized forms (`203.0.113.xxx`).
 * Undefined for anything else.
 *
 * The Hub says that it anonymizes addresses and does not say how, so an event whose `ip` is what anonymizing leaves of
 * the address matches too (`203.0.113.0` for `203.0.113.7`): whether it was that very host nobody can tell from the log.
 */
export function addressQuery(text: string): AddressQuery | undefined {
  const read = addressNetwork(text)
  if (read === undefined) return undefined
  const isHost = isIP(text.trim().replace(/%.*$/, '')) !== 0
  const wanted = isHost ? { ...read, prefixLength: read.bytes.length * 8 } : read
  return {
    matches(ip) {
      if (ip === text) return true
      const found = addressNetwork(ip)
      return found !== undefined && overlap(wanted, found)
    },
    // An address that ends in zeroes is what anonymizing has left already.
    isWide: !isHost || read.prefixLength === wanted.prefixLength,
  }
}

/** Of two networks that overlap one lies in the other. */
function overlap(
  a: Pick<ClientNetwork, 'bytes' | 'prefixLength'>,
  b: Pick<ClientNetwork, 'bytes' | 'prefixLength'>,
): boolean {
  if (a.bytes.length !== b.bytes.length) return false
  const bits = Math.min(a.prefixLength, b.prefixLength)
  const whole = bits >> 3
  for (let at = 0; at < whole; at++) if (a.bytes[at] !== b.bytes[at]) return false
  const rest = bits & 7
  return rest === 0 || (a.bytes[whole]! ^ b.bytes[whole]!) >> (8 - rest) === 0
}
