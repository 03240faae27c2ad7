import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Lookup, Setting } from './lookup.ts'

/** PEM texts. */
export interface TlsMaterial {
  /** Instead of the usual authorities. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs

/** Reads and checks the files of …_CERTIFICATE, …_CLIENT_CERTIFICATE and …_CLIENT_KEY; adds what is wrong to `errors`. */
export function readTls(lookup: Lookup, errors: string[]): TlsMaterial {
  const authority = lookup('CERTIFICATE')
  const certificate = lookup('CLIENT_CERTIFICATE')
  const key = lookup('CLIENT_KEY')
  const ca = readPem(authority, errors)
  const cert = readPem(certificate, errors)
  const keyText = readPem(key, errors)
  if (authority !== undefined && ca !== undefined && !holdsCertificates(ca)) {
    errors.push(`${authority.variable} is "${authority.value}": allowed is a file of certificates in PEM.`)
  }
  if ((certificate === undefined) !== (key === undefined)) {
    const present = (certificate ?? key)!.variable
    const missing = present.endsWith('KEY')
      ? present.replace('CLIENT_KEY', 'CLIENT_CERTIFICATE')
      : present.replace('CLIENT_CERTIFICATE', 'CLIENT_KEY')
    errors.push(`${present} is set without ${missing}: set both.`)
  } else if (certificate !== undefined && key !== undefined && cert !== undefined && keyText !== undefined) {
    const problem = pairProblem(cert, keyText)
    if (problem !== undefined) {
      errors.push(
        `${certificate.variable} is "${certificate.value}" and ${key.variable} is "${key.value}": they cannot be used ` +
          `(${problem}). Allowed are a certificate in PEM and its key in PEM without a passphrase.`,
      )
    }
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(keyText === undefined ? {} : { key: keyText }),
  }
}

function readPem(setting: Setting | undefined, errors: string[]): string | undefined {
  if (setting === undefined) return undefined
  try {
    return readFileSync(setting.value, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    errors.push(
      `${setting.variable} is "${setting.value}": cannot be read (${code}). Allowed is the path of a PEM file.`,
    )
    return undefined
  }
}

/** Node takes anything as an authority and trusts nobody then. */
function holdsCertificates(pem: string): boolean {
  const blocks = pem.match(CERTIFICATE_BLOCK) ?? []
  try {
    for (const block of blocks) new X509Certificate(block)
    return blocks.length > 0
  } catch {
    return false
  }
}

function pairProblem(cert: string, key: string): string | undefined {
  try {
    createSecureContext({ cert, key })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown reason'
  }
}
