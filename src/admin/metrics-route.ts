import type { Route } from './route.ts'

/** Metrics in Prometheus' text format. */
export function metricsRoute(metrics: { readonly contentType: string; text(): Promise<string> }): Route {
  return {
    path: '/metrics',
    access: 'own-name',
    async answer() {
      return { status: 200, contentType: metrics.contentType, body: await metrics.text() }
    },
  }
}
