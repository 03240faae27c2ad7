import { ConnectorError } from '../../errors.ts'
import type { CallOptions } from './call-options.ts'
import { ssoSettingsUrl } from './sso-settings-page.ts'
import { type CheckedSsoConfig, checkSsoConfig, type SsoConfigInput } from './sso-validation.ts'

/**
 * Validates a configuration fully and then refuses with `HUB_UNSUPPORTED`: the Hub has no endpoint that takes it, only
 * the settings page that the error names. Throws `CONFIG_INVALID` with every mistake when it is not valid. Sends nothing.
 */
export async function updateSsoConfig(
  organization: string,
  config: SsoConfigInput,
  options: CallOptions = {},
): Promise<never> {
  const page = ssoSettingsUrl(organization, options)
  const checked = checkSsoConfig(config, Date.now())
  const mend = `Paste it into the section SSO of the settings page: ${page}`
  throw new ConnectorError(
    'HUB_UNSUPPORTED',
    `The configuration is valid (${summary(checked)}), but the Hub has no endpoint that takes it: nothing was changed. ${mend}`,
    { mend },
  )
}

function summary({ provider, enabled, ssoUrl, certificate, clientId }: CheckedSsoConfig): string {
  return [
    provider.toUpperCase(),
    enabled === undefined ? '' : enabled ? 'enabled' : 'disabled',
    `at ${ssoUrl}`,
    certificate === undefined
      ? ''
      : `certificate of ${certificate.subject} valid until ${certificate.validTo}, SHA-256 ${certificate.fingerprint256}`,
    clientId === undefined ? '' : `client ${clientId}`,
  ]
    .filter(part => part !== '')
    .join(', ')
}
