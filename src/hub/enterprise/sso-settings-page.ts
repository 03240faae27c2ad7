import type { CallOptions } from './call-options.ts'
import { endpointOf } from './endpoint.ts'
import { pathSegment } from './request.ts'

/** Where a person sees and changes single sign-on: the SSO section of the organization's settings. */
export function ssoSettingsUrl(organization: string, options: CallOptions = {}): string {
  const segment = pathSegment(organization, "an organization's name")
  return `${endpointOf(options)}/organizations/${segment}/settings`
}
