import { ConnectorError } from '../../errors.ts'
import type { HttpMethod } from '../http-method.ts'

/** A request as the Hub's document has it, without endpoint and token: what would be sent, and can be shown before. */
export interface HubRequest {
  readonly method: HttpMethod
  /** From the endpoint on: `/api/…`, encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Becomes JSON. */
  readonly body?: unknown
}

/** The request's address at an endpoint (origin and path without a trailing slash). */
export function requestUrl({ path, query }: HubRequest, endpoint: string): URL {
  const url = new URL(endpoint + path)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
  return url
}

/** A name as one segment of a path. Throws `CONFIG_INVALID` for what would lead elsewhere. */
export function pathSegment(name: string, what: string): string {
  // The URL's own rules would take the dots for a step up.
  if (typeof name !== 'string' || !name.isWellFormed() || ['', '.', '..'].includes(name.trim())) {
    throw new ConnectorError('CONFIG_INVALID', `${JSON.stringify(name)} is not ${what}.`)
  }
  return encodeURIComponent(name)
}

/** `/api/organizations/<name>`. */
export function organizationPath(organization: string): string {
  return `/api/organizations/${pathSegment(organization, "an organization's name")}`
}
