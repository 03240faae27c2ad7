import { randomBytes } from 'node:crypto'

/** A secret that is found again wherever it goes: at random, with characters that encodings treat in their own ways. */
export function markedSecret(prefix = ''): string {
  return `${prefix}${randomBytes(8).toString('hex')}%/"ä +&${randomBytes(8).toString('hex')}`
}

/** The same without anything that a header or a token cannot hold. */
export function markedToken(prefix = ''): string {
  return `${prefix}${randomBytes(18).toString('hex')}`
}

/** So many characters of a secret in a row are a leak. */
const WINDOW = 10

/**
 * Names of the secrets of which ten characters in a row are in the bytes: as they are, for URLs, for JSON, in base64 at any
 * place of a longer text, in hexadecimal digits or in UTF-16.
 */
export function leakedSecrets(secrets: Readonly<Record<string, string>>, bytes: Buffer): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const forms = formsOf(secret).filter(form => bytes.includes(form))
    return forms.length === 0 ? [] : [`${name} as ${forms[0]}`]
  })
}

const formsBySecret = new Map<string, Buffer[]>()

function formsOf(secret: string): Buffer[] {
  let forms = formsBySecret.get(secret)
  if (forms === undefined) {
    const encodings = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
    const raw = Buffer.from(secret)
    const base64 = [0, 1, 2].flatMap(before => {
      const text = Buffer.concat([Buffer.alloc(before), raw])
      const [first, end] = [before === 0 ? 0 : before + 1, Math.floor((text.length * 8) / 6)]
      return [text.toString('base64').slice(first, end), text.toString('base64url').slice(first, end)]
    })
    forms = [
      ...[...encodings, ...base64, raw.toString('hex')].flatMap(windows).map(text => Buffer.from(text)),
      Buffer.from(secret, 'utf16le'),
    ]
    formsBySecret.set(secret, forms)
  }
  return forms
}

function windows(text: string): string[] {
  return Array.from({ length: Math.max(1, text.length - WINDOW + 1) }, (_, at) => text.slice(at, at + WINDOW))
}
