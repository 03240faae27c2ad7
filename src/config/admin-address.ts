import { z } from 'zod'
import { form } from './forms.ts'

/** Where the admin server listens. Port 0: any free one. */
export interface AdminAddress {
  /** A name, or an address without brackets. */
  readonly host: string
  readonly port: number
}

/** `host:port` with an IPv6 address in brackets, or `off`. */
export const adminAddress = z
  .string()
  .transform((text, context): AdminAddress | 'off' => {
    if (text.toLowerCase() === 'off') return 'off'
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(text)
    const port = Number(match?.[3] ?? Number.NaN)
    if (match === null || port > 65_535) {
      context.addIssue(
        'allowed is host:port, such as 127.0.0.1:9464 or [::1]:9464, with port 0 for any free one, or off',
      )
      return z.NEVER
    }
    return { host: (match[1] ?? match[2])!, port }
  })
  .meta(form('host:port or off', { type: 'string', pattern: '^([Oo][Ff][Ff]|.+:\\d{1,5})$' }))

/** As it stands in a URL. */
export function addressText({ host, port }: AdminAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
