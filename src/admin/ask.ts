import { asConnectorError, ConnectorError } from '../errors.ts'

const TIMEOUT_MS = 5_000
const UNSPECIFIED: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

export interface AdminPlace {
  readonly host: string
  readonly port: number
}

/**
 * The `/status.json` of the connector that listens there. Undefined when nothing listens. Throws when something does,
 * but does not answer as a connector would, or wants another password.
 */
export async function askStatus(place: AdminPlace, password: string | undefined): Promise<unknown> {
  const host = UNSPECIFIED[place.host] ?? place.host
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${place.port}/status.json`
  const headers: Record<string, string> = {}
  if (password !== undefined)
    headers.authorization = `Basic ${Buffer.from(`hf-audit:${password}`).toString('base64')}`
  let response: Response
  try {
    response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
    if (cause?.code === 'ECONNREFUSED') return undefined
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${url} does not answer: ${cause?.code ?? cause?.message ?? message}. Is this the address of a connector?`,
      { cause: error },
    )
  }
  if (response.status === 401 || response.status === 403) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${url} answered ${response.status}: ${(await response.text()).trim()}`,
    )
  }
  try {
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    return await response.json()
  } catch (error) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `What listens at ${url} is not a connector (${asConnectorError(error).message}): check HF_AUDIT_ADMIN_ADDRESS`,
    )
  }
}
