import { readFile } from 'node:fs/promises'
import type { Mechanism } from 'kafkajs'
import { ConnectorError } from '../errors.ts'

const SEPARATOR = '\u0001'

/**
 * SASL OAUTHBEARER, https://www.rfc-editor.org/rfc/rfc7628. kafkajs has it too, and takes a server's refusal for success:
 * a refusal comes as a challenge in an answer without an error code (section 3.2.3), which is looked at here.
 */
export function oauthBearer(tokenFile: string): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const token = await readToken(tokenFile)
        const message = `n,,${SEPARATOR}auth=Bearer ${token}${SEPARATOR}${SEPARATOR}`
        const challenge = await saslAuthenticate({
          request: { encode: () => withLength(Buffer.from(message, 'utf8')) },
          response: { decode: answer => answer.subarray(4), parse: bytes => bytes.toString('utf8') },
        }).catch((error: { type?: string }) => {
          if (error.type !== 'SASL_AUTHENTICATION_FAILED') throw error
          return '{}'
        })
        if (typeof challenge === 'string' && challenge !== '') throw refused(tokenFile, challenge)
      },
    }),
  }
}

async function readToken(file: string): Promise<string> {
  let token: string
  try {
    token = (await readFile(file, 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unusable(`KAFKA_SASL_TOKEN_FILE: ${file} cannot be read (${code ?? 'no reason given'})`, error)
  }
  // The alphabet of https://www.rfc-editor.org/rfc/rfc6750#section-2.1; nothing else may end the message early.
  if (/^[\w.~+/-]+=*$/.test(token)) return token
  throw unusable(`KAFKA_SASL_TOKEN_FILE: ${file} ${token === '' ? 'is empty' : 'holds no bearer token'}`)
}

function unusable(message: string, cause?: unknown): ConnectorError {
  return new ConnectorError('JOURNAL_UNAVAILABLE', message, { cause })
}

/** Of the challenge, a JSON object, only `status` is shown, where it is a code such as `invalid_token`. */
function refused(file: string, challenge: string): ConnectorError {
  const code = /"status"\s*:\s*"(\w{1,50})"/.exec(challenge)?.[1]
  return unusable(
    `Kafka refused the token${code === undefined ? '' : ` (${code})`}: write a valid one into ${file} ` +
      '(KAFKA_SASL_TOKEN_FILE); it is read for each connection',
  )
}

/** BYTES of https://kafka.apache.org/protocol#protocol_types: 4 bytes of length before them. */
function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
