import { X509Certificate } from 'node:crypto'
import { ConnectorError } from '../../errors.ts'
import { checkObject } from './choices.ts'

export const SSO_PROVIDERS = ['saml', 'oidc'] as const

export type SsoProvider = (typeof SSO_PROVIDERS)[number]

export interface SsoConfigInput {
  readonly provider: SsoProvider
  readonly enabled?: boolean | undefined
  /** SAML: the identity provider's sign-on address; OIDC: the issuer. https. */
  readonly ssoUrl: string
  /** SAML: the identity provider's public certificate, PEM. */
  readonly certificate?: string | undefined
  /** OIDC. */
  readonly clientId?: string | undefined
  /** OIDC. A secret: never shown. */
  readonly clientSecret?: string | undefined
}

export interface CheckedCertificate {
  readonly subject: string
  readonly issuer: string
  /** RFC 3339. */
  readonly validFrom: string
  readonly validTo: string
  readonly fingerprint256: string
  /** Whole days left. */
  readonly daysLeft: number
}

/** What was checked, without the secret. */
export interface CheckedSsoConfig {
  readonly provider: SsoProvider
  readonly enabled: boolean | undefined
  readonly ssoUrl: string
  readonly certificate: CheckedCertificate | undefined
  readonly clientId: string | undefined
}

const DAY_MS = 24 * 3_600_000

/** Throws one `CONFIG_INVALID` that names every mistake. */
export function checkSsoConfig(input: SsoConfigInput, nowMs: number): CheckedSsoConfig {
  checkObject(input, 'The SSO configuration', "{ provider: 'saml', ssoUrl, certificate }")
  const errors: string[] = []
  const { provider, enabled, clientId, clientSecret } = input
  const isSaml = provider === 'saml'
  const isOidc = provider === 'oidc'
  if (!isSaml && !isOidc)
    errors.push(`provider is ${JSON.stringify(provider)}; allowed are ${SSO_PROVIDERS.join(', ')}`)
  if (enabled !== undefined && typeof enabled !== 'boolean') errors.push('enabled is neither true nor false')
  const ssoUrl = checkedUrl(input.ssoUrl, errors)
  const certificate = isOidc
    ? unused('certificate', input.certificate, 'oidc', errors)
    : checkedCertificate(input.certificate, nowMs, errors)
  if (isSaml) {
    unused('clientId', clientId, 'saml', errors)
    unused('clientSecret', clientSecret, 'saml', errors)
  }
  if (isOidc) {
    checkPresent('clientId', clientId, errors)
    checkPresent('clientSecret', clientSecret, errors)
  }
  if (errors.length > 0) {
    throw new ConnectorError('CONFIG_INVALID', `The SSO configuration is not valid: ${errors.join('; ')}.`)
  }
  return { provider, enabled, ssoUrl: ssoUrl!, certificate, clientId: isOidc ? clientId : undefined }
}

function checkedUrl(text: unknown, errors: string[]): string | undefined {
  if (typeof text !== 'string' || text.trim() === '') {
    errors.push(
      'ssoUrl is missing: for SAML the sign-on address of the identity provider, for OIDC its issuer',
    )
    return undefined
  }
  const url = URL.parse(text.trim())
  if (url === null || url.protocol !== 'https:') errors.push('ssoUrl is not a URL that begins with https://')
  else if (url.username !== '' || url.password !== '') errors.push('ssoUrl holds a user name or password')
  else if (url.hash !== '') errors.push('ssoUrl ends with a #fragment, which is never sent')
  // Without the slash that was not written: an OIDC issuer with one is another issuer.
  else return url.href === `${text.trim()}/` ? text.trim() : url.href
  return undefined
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

function checkedCertificate(pem: unknown, nowMs: number, errors: string[]): CheckedCertificate | undefined {
  if (typeof pem !== 'string' || pem.trim() === '') {
    errors.push(
      `certificate is ${absence(pem)}: SAML needs the identity provider's public certificate, as PEM`,
    )
    return undefined
  }
  const blocks = [...pem.matchAll(PEM_BLOCK)]
  const labels = blocks.map(([, label]) => label!)
  if (labels.some(label => label.includes('PRIVATE KEY'))) {
    errors.push(
      'certificate holds a private key, which must never leave the identity provider; give the certificate alone',
    )
    return undefined
  }
  if (blocks.length !== 1 || labels[0] !== 'CERTIFICATE') {
    const found = blocks.length === 0 ? 'none was found' : `found: ${labels.join(', ')}`
    errors.push(`certificate is not one PEM block that begins with -----BEGIN CERTIFICATE----- (${found})`)
    return undefined
  }
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(blocks[0]![0])
  } catch {
    errors.push(
      'certificate cannot be read: the text between its BEGIN and END lines is damaged; copy it again',
    )
    return undefined
  }
  const fromMs = certificate.validFromDate.getTime()
  const toMs = certificate.validToDate.getTime()
  const validFrom = new Date(fromMs).toISOString()
  const validTo = new Date(toMs).toISOString()
  if (toMs <= nowMs) errors.push(`certificate expired on ${validTo}`)
  if (fromMs > nowMs) errors.push(`certificate is not valid before ${validFrom}`)
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom,
    validTo,
    fingerprint256: certificate.fingerprint256,
    daysLeft: Math.floor((toMs - nowMs) / DAY_MS),
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ')
}

function checkPresent(name: string, value: unknown, errors: string[]): void {
  if (typeof value !== 'string' || value.trim() === '')
    errors.push(`${name} is ${absence(value)}: OIDC needs it`)
}

/** An empty file was given all the same. */
function absence(value: unknown): 'missing' | 'empty' {
  return typeof value === 'string' ? 'empty' : 'missing'
}

function unused(name: string, value: unknown, provider: SsoProvider, errors: string[]): undefined {
  if (value !== undefined && value !== null && value !== '') errors.push(`${name} is not used by ${provider}`)
}
