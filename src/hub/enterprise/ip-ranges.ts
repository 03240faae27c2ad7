import { isIPv4, isIPv6 } from 'node:net'
import { ConnectorError } from '../../errors.ts'

/**
 * An address range in CIDR notation, as the Hub's document takes it. An IPv6 address is written out, for the document's
 * pattern knows few of the short forms. Throws `CONFIG_INVALID`.
 */
export function hubIpRange(text: string): string {
  const [address = '', prefix, ...rest] = typeof text === 'string' ? text.trim().split('/') : []
  const isPrefix = prefix !== undefined && /^(0|[1-9]\d{0,2})$/.test(prefix) && rest.length === 0
  if (isPrefix && isIPv4(address) && Number(prefix) <= 32) return `${address}/${prefix}`
  // A zone or an address within (`::ffff:1.2.3.4`) is not a range of the network.
  if (isPrefix && isIPv6(address) && !/[%.]/.test(address) && Number(prefix) <= 128)
    return `${writtenOut(address)}/${prefix}`
  const only = isIPv4(address) ? `${address}/32` : `${address}/128`
  const hint =
    prefix === undefined && (isIPv4(address) || isIPv6(address)) ? ` For one address, write ${only}.` : ''
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${JSON.stringify(text)} is not a range of IP addresses: allowed are those such as 192.0.2.0/24 and 2001:db8::/32.${hint}`,
  )
}

/** All eight groups. */
function writtenOut(address: string): string {
  const [left = '', right] = address.split('::')
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : [])
  if (right === undefined) return address
  const missing = 8 - groups(left).length - groups(right).length
  return [...groups(left), ...Array<string>(missing).fill('0'), ...groups(right)].join(':')
}
