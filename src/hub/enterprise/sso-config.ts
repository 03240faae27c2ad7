import type { ConnectorError } from '../../errors.ts'
import { attempt } from '../../preflight.ts'
import { openAuditLogExport } from './audit-log-export.ts'
import type { CallOptions } from './call-options.ts'
import { ownOrganization } from './my-org-role.ts'
import { isSsoEvent, ssoEventOf } from './read-sso-event.ts'
import { type SsoEvent, ssoStateOf } from './sso-evidence.ts'
import { ssoSettingsUrl } from './sso-settings-page.ts'
import { whoAmI } from './who-am-i.ts'

/**
 * What can be known of an organization's single sign-on. The Hub has no endpoint for it: this is derived from what
 * whoami-v2 demands of the token in use and from the audit log.
 */
export interface SsoConfig {
  readonly derived: true
  /** Undefined: nothing tells. */
  readonly enabled: boolean | undefined
  /** What `enabled` is derived from. */
  readonly evidence: 'whoami' | 'audit-log' | 'none'
  /** Whether the Hub wants a login by SSO of the token in use before it shows the organization's data. */
  readonly requiredOfThisToken: boolean | undefined
  /** The protocol is told by nothing that can be asked. */
  readonly provider: undefined
  /** The last event each, as far back as the audit log reaches. */
  readonly lastLogin: SsoEvent | undefined
  readonly lastJoin: SsoEvent | undefined
  readonly lastEnabled: SsoEvent | undefined
  readonly lastDisabled: SsoEvent | undefined
  readonly lastChanged: SsoEvent | undefined
  /** Why whoami-v2 was of no use. */
  readonly whoAmIError: ConnectorError | undefined
  /** Why the audit log could not be read. */
  readonly auditLogError: ConnectorError | undefined
  /** Where a person sees all of it. */
  readonly settingsUrl: string
}

/** Downloads the audit log. Throws when neither whoami-v2 nor the audit log answers, the first one's error. */
export async function getSsoConfig(organization: string, options: CallOptions = {}): Promise<SsoConfig> {
  const settingsUrl = ssoSettingsUrl(organization, options)
  const asked = await attempt(() => whoAmI(options))
  if (!asked.ok && asked.error.code === 'STOPPED') throw asked.error
  const read = await attempt(() => lastEvents(organization, options))
  if (!read.ok && (read.error.code === 'STOPPED' || !asked.ok)) throw asked.ok ? read.error : asked.error
  const own = asked.ok ? ownOrganization(asked.value, organization) : undefined
  const events = read.ok ? read.value : new Map<string, SsoEvent>()
  const requiredOfThisToken = own && (own.securityRestrictions ?? []).includes('sso')
  return {
    derived: true,
    ...ssoStateOf(requiredOfThisToken, events),
    requiredOfThisToken,
    provider: undefined,
    lastLogin: events.get('org.sso_login'),
    lastJoin: events.get('org.sso_join'),
    lastEnabled: events.get('org.settings.sso.enable'),
    lastDisabled: events.get('org.settings.sso.disable'),
    lastChanged: events.get('org.settings.sso'),
    whoAmIError: asked.ok ? undefined : asked.error,
    auditLogError: read.ok ? undefined : read.error,
    settingsUrl,
  }
}

/** By type. */
async function lastEvents(organization: string, options: CallOptions): Promise<Map<string, SsoEvent>> {
  const events = new Map<string, SsoEvent>()
  const download = await openAuditLogExport(organization, undefined, options)
  for await (const elements of download.elements) {
    for (const { bytes } of elements) {
      // Most events are others: only these are parsed.
      const event = isSsoEvent(bytes) ? ssoEventOf(bytes) : undefined
      if (event === undefined) continue
      const known = events.get(event.type)
      if (known === undefined || Date.parse(known.createdAt) <= Date.parse(event.createdAt))
        events.set(event.type, event)
    }
  }
  return events
}
