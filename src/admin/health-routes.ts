import { readiness } from '../status/health.ts'
import type { Status } from '../status/model.ts'
import { plainText, type Route } from './route.ts'

/** The process is alive: its event loop answers. */
export const healthzRoute: Route = {
  path: '/healthz',
  access: 'anyone',
  answer: async () => plainText(200, 'ok'),
}

export function readyzRoute(status: () => Status): Route {
  return {
    path: '/readyz',
    access: 'anyone',
    async answer() {
      const { ready, reason } = readiness(status())
      return plainText(ready ? 200 : 503, `${ready ? 'ready' : 'not ready'}: ${reason}`)
    },
  }
}
