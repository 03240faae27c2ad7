import { statusJson } from '../status/json.ts'
import type { Status } from '../status/model.ts'
import { CONTENT_SECURITY_POLICY, renderPage } from './page/page.ts'
import type { Route } from './route.ts'

export function pageRoute(status: () => Promise<Status>): Route {
  return {
    path: '/',
    access: 'status',
    async answer() {
      return {
        status: 200,
        contentType: 'text/html; charset=utf-8',
        body: renderPage(await status()),
        headers: { 'content-security-policy': CONTENT_SECURITY_POLICY },
      }
    },
  }
}

export function statusJsonRoute(status: () => Promise<Status>): Route {
  return {
    path: '/status.json',
    access: 'status',
    async answer() {
      const body = `${JSON.stringify(statusJson(await status()), null, 2)}\n`
      return { status: 200, contentType: 'application/json; charset=utf-8', body }
    },
  }
}
