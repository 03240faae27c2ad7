import type { z } from 'zod'
import { ConnectorError } from '../../errors.ts'
import { bodyCodings, jsonBody } from '../json-body.ts'
import type { ResponseHeaders } from '../rate-limit.ts'
import type { CallOptions } from './call-options.ts'
import { withOutcome } from './outcome-unknown.ts'
import type { HubRequest } from './request.ts'
import { type CallFacts, respond } from './respond.ts'

/** A page of 10,000 members takes about 5 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

export interface Answer {
  readonly value: unknown
  readonly headers: ResponseHeaders
  readonly method: HubRequest['method']
  /** The request as it was sent, for words. */
  readonly what: string
}

/** Asks once and parses the answer. Throws `CONFIG_INVALID`, `STOPPED` and the `HUB_…` codes. */
export async function call<Schema extends z.ZodType>(
  request: HubRequest,
  schema: Schema,
  facts: CallFacts,
  options: CallOptions,
): Promise<z.output<Schema>> {
  const answer = await send(request, facts, options)
  return parsed(answer, schema)
}

/** For calls whose answer has no documented form: any success will do. */
export async function callForSuccess(
  request: HubRequest,
  facts: CallFacts,
  options: CallOptions,
): Promise<void> {
  const { response, asked } = await respond(request, facts, options)
  try {
    // A login page of a proxy is no success, whatever its status.
    bodyCodings(response, asked)
  } catch (error) {
    throw withOutcome(request, error)
  } finally {
    await response.body.on('error', () => {}).dump()
  }
}

/** The answer's body as JSON, not yet looked at. */
export async function send(request: HubRequest, facts: CallFacts, options: CallOptions): Promise<Answer> {
  const { response, asked, signal } = await respond(request, facts, options)
  const value = await jsonBody(response, asked, MAX_BODY_BYTES, signal).catch(error => {
    throw withOutcome(request, error)
  })
  return {
    value,
    headers: response.headers,
    method: request.method,
    what: `${asked.method} ${asked.url.href}`,
  }
}

/** Throws `HUB_BODY_BROKEN` that names the places, and nothing of their values. */
export function parsed<Schema extends z.ZodType>(answer: Answer, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(answer.value)
  if (result.success) return result.data
  const places = result.error.issues.map(issue => issue.path.join('.') || 'the whole of it')
  const where = [...new Set(places)].slice(0, 10).join(', ')
  throw new ConnectorError(
    'HUB_BODY_BROKEN',
    `${answer.what} was answered in another form than known (at ${where}).` +
      (answer.method === 'GET' ? '' : ' The change itself was made: look, and do not make it twice.'),
  )
}
