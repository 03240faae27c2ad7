import { Agent, type Dispatcher, request } from 'undici'
import { ConnectorError } from '../errors.ts'
import { withoutSecrets } from '../secrets.ts'
import type { RegistrySettings } from './settings.ts'

/*
 * The few calls of the Confluent Schema Registry API that are needed; Apicurio, Karapace and Redpanda answer them too.
 * https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
const TIMEOUT_MS = 10_000
/** Far above any schema; a body beyond it is not a registry's. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

export interface SchemaRegistry {
  /**
   * Id of the schema under the subject: looked up, and registered when it is not there and that is allowed. Cached.
   * Throws `REGISTRY_UNAVAILABLE` (retryable unless the credentials are refused) or `REGISTRY_INCOMPATIBLE`.
   */
  idOf(subject: string, schema: string): Promise<number>
  /** Registers the schema, whatever `autoRegister` says. Returns its id. */
  register(subject: string, schema: string): Promise<number>
  /** Whether the registry would take the schema as the subject's next version; its reasons when not. */
  checkCompatibility(subject: string, schema: string): Promise<Compatibility>
  /** JSON text of the schema with this id. Cached. */
  schemaText(id: number): Promise<string>
  close(): Promise<void>
}

export interface Compatibility {
  readonly compatible: boolean
  readonly reasons: readonly string[]
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

export function createSchemaRegistry(settings: RegistrySettings): SchemaRegistry {
  const { base, authorization } = address(settings)
  const redacted = withoutSecrets(authorization === undefined ? [] : [authorization], '***')
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })
  const ids = new Map<string, number>()
  const texts = new Map<number, string>()

  async function call(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const url = `${base}${path}`
    try {
      const response = await request(url, {
        method,
        dispatcher: agent,
        headers: {
          accept: CONTENT_TYPE,
          ...(body === undefined ? {} : { 'content-type': CONTENT_TYPE }),
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(3 * TIMEOUT_MS),
      })
      return { status: response.statusCode, body: parseObject(await readBody(response.body)) }
    } catch (cause) {
      throw new ConnectorError(
        'REGISTRY_UNAVAILABLE',
        `the schema registry at ${base} does not answer: ${redacted(reasonOf(cause))}`,
        { retryable: true, cause },
      )
    }
  }

  /** For an answer that no caller expects. */
  function failure({ status, body }: Answer, doing: string): ConnectorError {
    const said = typeof body.message === 'string' ? redacted(body.message) : `HTTP status ${status}`
    if (status === 401 || status === 403) {
      return new ConnectorError(
        'REGISTRY_UNAVAILABLE',
        `the schema registry at ${base} refused the credentials (${status}): check SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD`,
        { status },
      )
    }
    if (status === 409 || status === 422) {
      return new ConnectorError(
        'REGISTRY_INCOMPATIBLE',
        `the schema registry at ${base} refused ${doing}: ${said}`,
        { status },
      )
    }
    const retryable = status === 408 || status === 429 || status >= 500
    const mend = retryable ? '' : '; is SCHEMA_REGISTRY_URL complete, with the path of its API?'
    return new ConnectorError(
      'REGISTRY_UNAVAILABLE',
      `the schema registry at ${base} answered ${doing} with ${status}: ${said}${mend}`,
      { status, retryable },
    )
  }

  async function register(subject: string, schema: string): Promise<number> {
    const answer = await call('POST', `/subjects/${encodeURIComponent(subject)}/versions?normalize=true`, {
      schema,
    })
    if (answer.status !== 200 || !isSchemaId(answer.body.id)) {
      throw failure(answer, `the registration of subject ${subject}`)
    }
    return remember(subject, schema, answer.body.id)
  }

  /** What is written with the id from now on can be read without the registry. */
  function remember(subject: string, schema: string, id: number): number {
    ids.set(cacheKey(subject, schema), id)
    texts.set(id, schema)
    return id
  }

  return {
    async idOf(subject, schema) {
      const cached = ids.get(cacheKey(subject, schema))
      if (cached !== undefined) return cached
      const answer = await call('POST', `/subjects/${encodeURIComponent(subject)}?normalize=true`, { schema })
      if (answer.status === 200 && isSchemaId(answer.body.id)) {
        return remember(subject, schema, answer.body.id)
      }
      // A 404 without an error code is not the registry's own: the URL's path is wrong.
      if (answer.status !== 404 || typeof answer.body.error_code !== 'number') {
        throw failure(answer, `the look-up of subject ${subject}`)
      }
      if (settings.autoRegister) return register(subject, schema)
      throw new ConnectorError(
        'REGISTRY_INCOMPATIBLE',
        `the schema registry at ${base} does not hold our schema under the subject ${subject}, and ` +
          'SCHEMA_REGISTRY_AUTO_REGISTER is false: register it with "hf-audit schema register"',
        { status: 404 },
      )
    },

    register,

    async checkCompatibility(subject, schema) {
      const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest?verbose=true`
      const answer = await call('POST', path, { schema })
      // Nothing is registered yet: everything is compatible with that.
      if (answer.status === 404 && typeof answer.body.error_code === 'number') {
        return { compatible: true, reasons: [] }
      }
      const { is_compatible: compatible, messages } = answer.body
      if (answer.status !== 200 || typeof compatible !== 'boolean') {
        throw failure(answer, `the compatibility check of subject ${subject}`)
      }
      return {
        compatible,
        reasons: Array.isArray(messages) ? messages.map(message => redacted(String(message))) : [],
      }
    },

    async schemaText(id) {
      const cached = texts.get(id)
      if (cached !== undefined) return cached
      const answer = await call('GET', `/schemas/ids/${id}`)
      if (answer.status === 404) {
        throw new ConnectorError(
          'JOURNAL_MISMATCH',
          `the schema registry at ${base} has no schema with the id ${id}, with which a value was written: does SCHEMA_REGISTRY_URL name the registry that the topic was written with?`,
        )
      }
      if (answer.status !== 200 || typeof answer.body.schema !== 'string') {
        throw failure(answer, `the request for schema ${id}`)
      }
      texts.set(id, answer.body.schema)
      return answer.body.schema
    },

    close: () => agent.close(),
  }
}

/** As four bytes of the wire format hold it. */
function isSchemaId(id: unknown): id is number {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) <= 0x7fff_ffff
}

function cacheKey(subject: string, schema: string): string {
  return `${subject} ${schema}`
}

/** The URL without credentials, and what they come to: nothing else may ever see them. */
function address(settings: RegistrySettings): { base: string; authorization: string | undefined } {
  const url = new URL(settings.url)
  const username = settings.username ?? decodeURIComponent(url.username)
  const password = settings.password ?? decodeURIComponent(url.password)
  const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
  return {
    base: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    authorization: username === '' && password === '' ? undefined : `Basic ${basic}`,
  }
}

async function readBody(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += (chunk as Buffer).length
    if (length > MAX_BODY_BYTES) throw new Error(`its answer is longer than ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return error.message === '' ? (code ?? error.name) : error.message
}
