import type { Route } from './route.ts'
import { type OwnRoute, ROUTES } from './routes.ts'

export interface Match {
  readonly route: Route | OwnRoute
  /** The values of the path, decoded. */
  readonly path: Readonly<Record<string, string>>
}

const PATTERNS = ROUTES.map(route => ({ route, matches: pathMatcher(route.path) }))

/** The route of a request; undefined where the simulator has none. */
export function routeOf(method: string, path: string): Match | undefined {
  for (const { route, matches } of PATTERNS) {
    const found = route.method === method ? matches(path) : undefined
    if (found !== undefined) return { route, path: found }
  }
  return undefined
}

/** Matches a path as the Hub's document writes it; gives the decoded values of its `{names}`. */
function pathMatcher(template: string): (path: string) => Record<string, string> | undefined {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(match => match[1]!)
  const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '([^/]+)')}$`)
  return path => {
    const found = pattern.exec(path)
    if (found === null) return undefined
    try {
      return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1]!)]))
    } catch {
      return undefined
    }
  }
}
