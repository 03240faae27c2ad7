/** Set by the request itself, or not allowed in one by undici. */
const RESERVED = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
])
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Visible ASCII, space and tab: what every server reads the same. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/

export interface ParsedHeaders {
  /** By name in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** What is wrong, without any value: these are secrets. */
  readonly problems: readonly string[]
}

/**
 * `key1=value1,key2=value2`, values percent-encoded where they need it; a later one of a name replaces an earlier one
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables).
 * Lines count as commas, for lists in files.
 */
export function parseHeaders(list: string): ParsedHeaders {
  const headers: Record<string, string> = {}
  const problems: string[] = []
  const members = list.split(/[,\r\n]/)
  for (const [index, member] of members.entries()) {
    if (member.trim() === '') continue
    const equals = member.indexOf('=')
    const name = (percentDecoded(member.slice(0, Math.max(0, equals))) ?? '').toLowerCase()
    if (!TOKEN.test(name)) {
      problems.push(`entry ${index + 1} of ${members.length} is not name=value with the name of a header`)
    } else if (RESERVED.has(name)) {
      problems.push(`the header ${name} is set by the program itself`)
    } else {
      const value = percentDecoded(member.slice(equals + 1))
      if (value === undefined) problems.push(`the value of ${name} is not percent-encoded: write % as %25`)
      else if (!FIELD_VALUE.test(value))
        problems.push(`the value of ${name} holds a character that no header may`)
      else headers[name] = value
    }
  }
  return { headers, problems }
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}
