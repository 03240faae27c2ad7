import { type HubRequest, requestUrl } from '../../hub/enterprise/request.ts'
import { jsonText, withEscapes } from '../json-text.ts'
import { plainText } from '../table.ts'

/** A request that a change would send. */
export interface PlannedRequest {
  readonly request: HubRequest
  /** Why, for one that only asks: `to find the service account ci`. */
  readonly purpose?: string
}

/** In place of an id that an earlier request would tell. */
export const SERVICE_ACCOUNT_ID = 'SERVICE_ACCOUNT_ID'
export const TOKEN_ID = 'TOKEN_ID'

/** Method, address and body of each, as they would be sent; without headers, so without a token. */
export function dryRunText(planned: readonly PlannedRequest[], endpoint: string): string {
  const paragraphs = planned.map(({ request, purpose }) => {
    const head = `${request.method} ${requestUrl(request, endpoint).href}${purpose === undefined ? '' : `   ${plainText(purpose)}`}`
    return request.body === undefined
      ? `${head}\n`
      : `${head}\n${withEscapes(JSON.stringify(request.body, null, 2))}\n`
  })
  return paragraphs.join('')
}

/** The same as one line of JSON. */
export function dryRunJson(planned: readonly PlannedRequest[], endpoint: string): string {
  const requests = planned.map(({ request, purpose }) => ({
    method: request.method,
    url: requestUrl(request, endpoint).href,
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(purpose === undefined ? {} : { purpose }),
  }))
  return `${jsonText({ dryRun: true, requests })}\n`
}
