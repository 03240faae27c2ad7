import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'

/** What is known of who asks. */
export interface Asker {
  /** The Host header, undefined where there is none. */
  readonly host: string | undefined
  /** The connection comes from this machine. */
  readonly isLoopback: boolean
  readonly authorization: string | undefined
}

export interface Refusal {
  readonly status: 401 | 403
  readonly message: string
}

/**
 * A page in a browser on this machine could point a name of its own at 127.0.0.1 and read what is served there: such a
 * request carries that name. Addresses and localhost cannot be taken over like that.
 */
export function refusedHost({ host, isLoopback }: Asker): Refusal | undefined {
  if (!isLoopback || isOwnName(host)) return undefined
  const message =
    'On this machine the admin server is asked as localhost or by its address, not by another name.'
  return { status: 403, message }
}

/** Who may see the status page: whoever knows the password; without one, this machine only. */
export function refusedStatus(asker: Asker, password: string | undefined): Refusal | undefined {
  if (password !== undefined) {
    if (isPassword(asker.authorization, password)) return undefined
    return { status: 401, message: 'The status page asks for HF_AUDIT_STATUS_PASSWORD, with any user name.' }
  }
  if (asker.isLoopback) return refusedHost(asker)
  const message =
    'The status page is shown on this machine only. Set HF_AUDIT_STATUS_PASSWORD (or HF_AUDIT_STATUS_PASSWORD_FILE) to ' +
    'open it to others with a password, or reach it through a tunnel: kubectl port-forward, ssh -L. ' +
    '/healthz, /readyz and /metrics answer here.'
  return { status: 403, message }
}

export function isLoopbackAddress(address: string | undefined): boolean {
  const plain = (address ?? '').replace(/^::ffff:/i, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

function isOwnName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase()
  const address = name.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 || name === 'localhost' || name.endsWith('.localhost')
}

/** Compared as hashes, so that neither length nor content shows in the time it takes. */
function isPassword(authorization: string | undefined, password: string): boolean {
  const encoded = /^basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(authorization ?? '')?.[1]
  const credentials = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  const given = credentials.slice(credentials.indexOf(':') + 1)
  const isSame = timingSafeEqual(sha256(given), sha256(password))
  return encoded !== undefined && credentials.includes(':') && isSame
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
