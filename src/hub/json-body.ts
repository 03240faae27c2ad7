import { ConnectorError } from '../errors.ts'
import { type ByteCounts, contentCodings, decodedChunks } from './decode.ts'
import type { HubResponse } from './http.ts'
import { bodyError } from './network-error.ts'
import { headerText } from './rate-limit.ts'
import { type Asked, isHtml } from './response-error.ts'

/** The value of a JSON body, undefined for an empty one. Throws `HUB_BODY_BROKEN`, also beyond `maxBytes`. */
export async function jsonBody(
  response: HubResponse,
  asked: Pick<Asked, 'method' | 'url'>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<unknown> {
  const { body } = response
  body.on('error', () => {})
  const what = `${asked.method} ${asked.url.href}`
  const pieces: Buffer[] = []
  const counts: ByteCounts = { wire: 0, body: 0 }
  try {
    for await (const chunk of decodedChunks(body, bodyCodings(response, asked), counts)) {
      pieces.push(chunk)
      if (counts.body > maxBytes)
        throw brokenBody(`${what} was answered with more than ${maxBytes / 1024 ** 2} MiB.`)
    }
  } catch (error) {
    throw bodyError(error, signal, what)
  } finally {
    body.destroy()
  }
  const text = Buffer.concat(pieces).toString('utf8')
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw brokenBody(`${what} was not answered with JSON.`)
  }
}

export function bodyCodings(
  { headers }: HubResponse,
  { method, url }: Pick<Asked, 'method' | 'url'>,
): string[] {
  if (isHtml(headers)) {
    throw brokenBody(
      `${method} ${url.href} was answered with a web page instead of JSON: of a proxy or a login page, perhaps. Check HF_ENDPOINT and HTTPS_PROXY.`,
    )
  }
  return contentCodings(headerText(headers, 'content-encoding'))
}

function brokenBody(message: string): ConnectorError {
  return new ConnectorError('HUB_BODY_BROKEN', message, { retryable: true })
}
