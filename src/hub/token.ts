import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'

export interface HubToken {
  readonly value: string
  /** Where it was taken from, for people: a variable's name or a file's path, never the value. */
  readonly source: string
}

export type TokenOf = (organization: Organization) => Promise<HubToken>

export interface TokenSettings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDirectory: string
  /** Token files of single organizations, by identity. They go before everything else. */
  readonly tokenFiles: ReadonlyMap<string, string>
}

const MAX_TOKEN_FILE_BYTES = 16 * 1024

/**
 * Finds tokens where the Hub's own tools find them (huggingface_hub, `utils/_auth.py` and `constants.py`): `HF_TOKEN`,
 * then the older `HUGGING_FACE_HUB_TOKEN`, then one file: `HF_TOKEN_PATH`, by default `token` in `HF_HOME`, which is by
 * default `$XDG_CACHE_HOME/huggingface` or `~/.cache/huggingface`. Beside these, `HF_TOKEN_FILE` names a file like
 * every `_FILE` variable of ours. Files are read at every call, so that a rotated token is taken at the next poll.
 *
 * Throws `CONFIG_INVALID` naming the places looked at, or the one that holds something that can be no token.
 */
export function createTokenSource(settings: TokenSettings): TokenOf {
  return async organization => {
    const ownFile = settings.tokenFiles.get(organization.identity)
    if (ownFile !== undefined)
      return requiredFromFile(ownFile, `tokenFile of organization ${organization.name}`)
    return sharedToken(settings)
  }
}

async function sharedToken({ env, homeDirectory }: TokenSettings): Promise<HubToken> {
  const fromVariable = (name: string): HubToken | undefined => checked(clean(env[name]), name)

  const token = fromVariable('HF_TOKEN')
  if (token) return token
  if (env.HF_TOKEN_FILE)
    return requiredFromFile(expand(env.HF_TOKEN_FILE, env, homeDirectory), 'HF_TOKEN_FILE')
  const older = fromVariable('HUGGING_FACE_HUB_TOKEN')
  if (older) return older

  const path = defaultTokenPath(env, homeDirectory)
  const found = await fromFile(path)
  if (found) return found
  throw new ConnectorError(
    'CONFIG_INVALID',
    `No Hub token was found. Looked at HF_TOKEN, HF_TOKEN_FILE, HUGGING_FACE_HUB_TOKEN and the file ${path} ` +
      '(HF_TOKEN_PATH or HF_HOME move it). Set HF_TOKEN, or write the token into that file.',
  )
}

/** The file in which the Hub's own tools keep the token. */
export function defaultTokenPath(env: TokenSettings['env'], homeDirectory: string): string {
  if (env.HF_TOKEN_PATH) return expand(env.HF_TOKEN_PATH, env, homeDirectory)
  const cache = env.XDG_CACHE_HOME || join(homeDirectory, '.cache')
  const home = env.HF_HOME || join(cache, 'huggingface')
  return join(expand(home, env, homeDirectory), 'token')
}

/** `~` and `$NAME`, as huggingface_hub expands them; an unknown name stays as it is. */
function expand(path: string, env: TokenSettings['env'], homeDirectory: string): string {
  const fromHome = path === '~' || path.startsWith('~/') ? homeDirectory + path.slice(1) : path
  return fromHome.replace(/\$(?:\{(\w+)\}|(\w+))/g, (text, braced, bare) => env[braced ?? bare] ?? text)
}

async function requiredFromFile(path: string, setting: string): Promise<HubToken> {
  const token = await fromFile(path)
  if (token) return token
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${setting} names ${path}, which does not exist or is empty. Write the Hub token into it.`,
  )
}

async function fromFile(path: string): Promise<HubToken | undefined> {
  const source = `the file ${path}`
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_TOKEN_FILE_BYTES), 0, MAX_TOKEN_FILE_BYTES)
    return checked(clean(buffer.toString('utf8', 0, bytesRead)), source)
  } catch (error) {
    if (error instanceof ConnectorError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const mend =
      code === 'EISDIR' ? 'It is a directory: name the file in it that holds the token.' : undefined
    const words = `The Hub token cannot be read from ${source} (${code}).`
    throw new ConnectorError('CONFIG_INVALID', mend === undefined ? words : `${words} ${mend}`, {
      cause: error,
      ...(mend === undefined ? {} : { mend }),
    })
  }
}

function clean(text: string | undefined): string {
  return (text ?? '').replace(/[\r\n]/g, '').trim()
}

function checked(value: string, source: string): HubToken | undefined {
  if (value === '') return undefined
  if (/^[\x21-\x7e]{1,4096}$/.test(value)) return { value, source }
  throw new ConnectorError(
    'CONFIG_INVALID',
    `What ${source} holds (${value.length} characters) cannot be a token: only visible ASCII characters without ` +
      'spaces are allowed, at most 4,096. Copy the token again.',
  )
}
