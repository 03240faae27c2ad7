import { homedir } from 'node:os'
import { ConnectorError } from '../../errors.ts'
import { createTokenSource, type HubToken } from '../token.ts'
import type { CallOptions } from './call-options.ts'

/** The token that a call is given, else where the Hub's own tools look for one. Throws `CONFIG_INVALID`. */
export async function accessTokenOf(
  { accessToken }: CallOptions,
  environment: Readonly<Record<string, string | undefined>>,
  endpoint: string,
): Promise<HubToken> {
  if (accessToken !== undefined) {
    const given =
      typeof accessToken === 'string' ? { value: accessToken, source: 'accessToken' } : accessToken
    if (/^[\x21-\x7e]{1,4096}$/.test(given.value)) return given
    throw new ConnectorError(
      'CONFIG_INVALID',
      `What ${given.source} holds (${given.value.length} characters) cannot be a token: only visible ASCII characters ` +
        'without spaces are allowed, at most 4,096. Copy the token again.',
    )
  }
  const find = createTokenSource({ env: environment, homeDirectory: homedir(), tokenFiles: new Map() })
  return find({ name: '', identity: '', endpoint })
}
