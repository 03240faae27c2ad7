import { type WhoAmI, whoAmISchema } from '../whoami.ts'
import { call } from './call.ts'
import type { CallOptions } from './call-options.ts'
import type { HubRequest } from './request.ts'

export const WHO_AM_I_REQUEST: HubRequest = { method: 'GET', path: '/api/whoami-v2' }

/** Whose token is in use, what it may do, and the organizations it sees. The Hub is strict on how often this is asked. */
export async function whoAmI(options: CallOptions = {}): Promise<WhoAmI> {
  const facts = {
    action: 'ask who it is',
    needs: 'every valid token may, so something in between refuses it',
    subject: '/api/whoami-v2',
  }
  return call(WHO_AM_I_REQUEST, whoAmISchema, facts, options)
}
