import type { z } from 'zod'
import { ConnectorError } from '../../errors.ts'
import { send } from './call.ts'
import type { CallOptions } from './call-options.ts'
import type { HubRequest } from './request.ts'
import type { CallFacts } from './respond.ts'
import { shownOnce } from './shown-once.ts'

/**
 * A call whose answer holds a new token. Nobody can ask for it again, so that an answer whose other fields have another
 * form than known is handed on as it is, rather than lost.
 */
export async function callForToken<Schema extends z.ZodType<{ token: string; tokenInfo: object }>>(
  request: HubRequest,
  schema: Schema,
  facts: CallFacts,
  options: CallOptions,
): Promise<z.output<Schema>> {
  const { value, what } = await send(request, facts, options)
  const result = schema.safeParse(value)
  if (result.success) return shownOnce(result.data)
  if (holdsToken(value)) return shownOnce({ tokenInfo: {}, ...value }) as z.output<Schema>
  throw new ConnectorError(
    'HUB_BODY_BROKEN',
    `${what} was answered without a token. It may exist all the same: look at the tokens of the service account, and revoke it.`,
  )
}

function holdsToken(value: unknown): value is { token: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'token' in value &&
    typeof value.token === 'string' &&
    value.token !== ''
  )
}
