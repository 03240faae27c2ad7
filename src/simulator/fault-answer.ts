import { type Answer, errorAnswer, htmlAnswer } from './answers.ts'
import { type ActiveFault, type Endpoint, faultOf } from './faults.ts'

/** What a `status` or a `redirect` answers instead of the Hub; undefined without one. */
export function faultAnswer(
  faults: readonly ActiveFault[],
  endpoint: Endpoint,
  url: URL,
  host: string,
): Answer | undefined {
  const status = faultOf(faults, 'status')
  if (status !== undefined) {
    const plain = status.html
      ? htmlAnswer(status.status, status.message ?? 'The service is unavailable')
      : errorAnswer(
          status.status,
          status.message ?? (endpoint === 'export' ? undefined : PLAIN[status.status]),
        )
    const retryAfter = status.retryAfter === undefined ? {} : { 'retry-after': String(status.retryAfter) }
    return { ...plain, headers: { ...plain.headers, ...retryAfter, ...lowerCased(status.headers ?? {}) } }
  }
  const redirect = faultOf(faults, 'redirect')
  if (redirect === undefined) return undefined
  const location =
    redirect.to === 'same-origin'
      ? url.pathname + url.search
      : redirect.to === 'other-origin'
        ? `http://${otherName(host)}${url.pathname}${url.search}`
        : redirect.to
  return { status: redirect.status, headers: { location, 'content-type': 'text/plain' }, body: 'Moved' }
}

/** Where the words for the export would be about something else. */
const PLAIN: Readonly<Record<number, string>> = {
  402: 'This needs a paid plan',
  403: 'You may not do this in this organization',
  404: 'Not found',
}

/** The same server under a name that makes it another origin. */
function otherName(host: string): string {
  const port = /:(\d+)$/.exec(host)?.[0] ?? ''
  return host.startsWith('localhost') ? `127.0.0.1${port}` : `localhost${port}`
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
