import { ConnectorError } from '../../errors.ts'
import type { CallOptions } from './call-options.ts'

const DEFAULT_ENDPOINT = 'https://huggingface.co'

/** The endpoint in use, as origin and path without a trailing slash. Throws `CONFIG_INVALID`. */
export function endpointOf(options: CallOptions, environment = options.environment ?? process.env): string {
  const [name, text] =
    options.endpoint === undefined
      ? ['HF_ENDPOINT', environment.HF_ENDPOINT || DEFAULT_ENDPOINT]
      : ['endpoint', options.endpoint]
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // Not the text itself: it may hold a password.
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${name} is not a URL that can be used: allowed is one that begins with https:// or http://, without a user name or password in it.`,
    )
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}
