/** Shorter secrets are found only where they stand alone: a tenant "1" must not blacken every number. */
const SHORT_SECRET = 4
/** `Bearer` of `Bearer abc` is no secret, `abc` is; shorter parts are taken as words. */
const SHORT_PART = 8
/** Within a longer base64 text fewer bytes than these are no evidence. */
const SHORT_IN_BASE64 = 6
/** `kafka` or `kafka:9092`, which is no user with a password. */
const HARMLESS = /^[^:@]*$|^\s*(?:\[[\da-f:.]*\]|[^\s:@/]+):\d{1,5}\s*$/i

/**
 * A function that takes secrets out of a text that came from elsewhere: servers repeat in their errors what they were
 * sent, as it was, encoded for a URL, for JSON or in base64, alone or within more (`Basic …`).
 */
export function withoutSecrets(secrets: readonly string[], mark: string): (text: string) => string {
  const texts = [...new Set(secrets.flatMap(textsOf))]
  const patterns = [...new Set(texts.flatMap(plainForms))]
    .filter(form => form !== '')
    .sort((a, b) => b.length - a.length)
    .map(form => {
      const pattern = escaped(form)
      return form.length < SHORT_SECRET ? `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])` : pattern
    })
  // With the characters around it, which hold some of its bits too.
  for (const form of new Set(texts.flatMap(base64Forms)))
    patterns.push(`[\\w+/-]{0,2}${escaped(form)}[\\w+/-]?={0,2}`)
  if (patterns.length === 0) return text => text
  const secret = new RegExp(patterns.join('|'), 'gu')
  return text => text.replace(secret, () => mark)
}

/** What must not be shown of the URLs of proxies; none for those without a password. */
export function proxySecrets(uris: readonly string[]): string[] {
  return uris.flatMap(uri => {
    const password = URL.parse(uri)?.password ?? ''
    return password === '' ? [] : [uri, password]
  })
}

/**
 * A value that should have been an address, or a list of them with commas, without a user and password before an `@`,
 * whether or not it has a scheme. A password may hold anything, so all before the last `@` goes, but for entries of a
 * list that are plainly something else.
 */
export function withoutCredentials(text: string): string {
  const at = text.lastIndexOf('@')
  const entries = text.slice(0, Math.max(0, at)).split(',')
  if (!entries.some(entry => entry.includes(':'))) return text
  const last = entries.length - 1
  const first = entries.findIndex((entry, index) => index === last || !HARMLESS.test(entry))
  // Of `user://` the slashes may begin a password.
  const scheme = /^\s*(?:https?:\/\/)?/i.exec(entries[first]!)![0]
  return `${[...entries.slice(0, first), `${scheme}…`].join(',')}${text.slice(at)}`
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** What is to be hidden with a secret: its long parts, and what it stands for in a header or a URL. */
function textsOf(secret: string): string[] {
  const parts = secret.split(/\s+/).filter(part => part.length >= SHORT_PART)
  const texts = [secret, ...parts, ...basicParts(secret)]
  return [...texts, ...texts.map(decoded)]
}

function plainForms(text: string): string[] {
  return [
    text,
    text.replace(/\s+/g, ' ').trim(),
    encodeURIComponent(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
  ]
}

/** The password of `Basic dXNlcjpwYXNzd29yZA==`, and with its user name. */
function basicParts(secret: string): string[] {
  const encoded = /^Basic\s+([A-Za-z0-9+/_-]+=*)$/i.exec(secret)?.[1]
  if (encoded === undefined) return []
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? [text] : [text, text.slice(colon + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What the text is in base64 at each of the three places at which it may begin in a longer one, in both alphabets. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length < SHORT_IN_BASE64) return []
  return [0, 1, 2].flatMap(before => {
    const all = Buffer.concat([Buffer.alloc(before), bytes])
    // Only the characters that are made of nothing but the text's bits.
    const [first, end] = [before === 0 ? 0 : before + 1, Math.floor((all.length * 8) / 6)]
    return [all.toString('base64').slice(first, end), all.toString('base64url').slice(first, end)]
  })
}
