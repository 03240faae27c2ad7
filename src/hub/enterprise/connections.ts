import type { Dispatcher } from 'undici'
import { packageVersion } from '../../version.ts'
import { DEFAULT_TIMEOUTS, userAgentOf } from '../client.ts'
import { createDispatcher, type HttpSettings, proxyFromEnv } from '../http.ts'

export interface Connections {
  readonly dispatcher: Dispatcher
  readonly settings: HttpSettings
}

/** By what the environment says of proxies. Their connections are closed after each call, so nothing is kept open. */
const connectionsByProxy = new Map<string, Connections>()

export function connections(environment: Readonly<Record<string, string | undefined>>): Connections {
  const proxy = proxyFromEnv(environment)
  const userAgent = userAgentOf(packageVersion(), environment.HF_HUB_USER_AGENT_ORIGIN)
  const key = JSON.stringify([proxy, userAgent])
  const found = connectionsByProxy.get(key)
  if (found !== undefined) return found
  const settings = { ...DEFAULT_TIMEOUTS, userAgent, proxy }
  const made = { dispatcher: createDispatcher(settings), settings }
  connectionsByProxy.set(key, made)
  return made
}
