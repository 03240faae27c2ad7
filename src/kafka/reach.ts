import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { KafkaTls } from './settings.ts'

const TIMEOUT_MS = 5_000

/** What a listener answered before a word of Kafka was spoken: its socket's error, or undefined when it was reached. */
export async function probe(address: string, ssl: KafkaTls | undefined): Promise<Error | undefined> {
  const { host, port } = hostAndPort(address)
  const tcp = await opened(connectTcp({ host, port }), 'connect')
  if (tcp !== undefined || ssl === undefined) return tcp
  return opened(connectTls({ host, port, ...serverName(host), ...ssl }), 'secureConnect')
}

/** Whether there is TLS behind a port to which no TLS was spoken. */
export async function speaksTls(address: string): Promise<boolean> {
  const { host, port } = hostAndPort(address)
  const socket = connectTls({ host, port, ...serverName(host), rejectUnauthorized: false })
  return (await opened(socket, 'secureConnect')) === undefined
}

/** `[::1]:9092` → `::1`, 9092. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const end = address.lastIndexOf(':')
  return { host: address.slice(0, end).replace(/^\[|\]$/g, ''), port: Number(address.slice(end + 1)) }
}

/** An IP address is no server name (RFC 6066, section 3). */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host }
}

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<Error | undefined> {
  return new Promise(resolve => {
    const end = (error?: Error): void => {
      clearTimeout(timer)
      socket.on('error', () => {})
      socket.destroy()
      resolve(error)
    }
    const timer = setTimeout(
      () =>
        end(Object.assign(new Error(`no connection within ${TIMEOUT_MS / 1_000} s`), { code: 'ETIMEDOUT' })),
      TIMEOUT_MS,
    )
    socket.once(event, () => end())
    socket.once('error', end)
    socket.once('close', () => end(new Error('the connection was closed')))
  })
}
