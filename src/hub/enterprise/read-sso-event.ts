import { type SsoEvent, ssoEventSchema } from './sso-evidence.ts'

const SSO_EVENT_TYPES = new Set([
  'org.sso_login',
  'org.sso_join',
  'org.settings.sso',
  'org.settings.sso.enable',
  'org.settings.sso.disable',
])

/** Whether an element's bytes may be such an event. */
export function isSsoEvent(bytes: Buffer): boolean {
  return bytes.includes('sso')
}

/** Undefined for any other event, and for what is none. */
export function ssoEventOf(bytes: Buffer): SsoEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
  const parsed = ssoEventSchema.safeParse(value)
  return parsed.success && SSO_EVENT_TYPES.has(parsed.data.type) ? parsed.data : undefined
}
