import type { z } from 'zod'
import type { Answer } from '../answers.ts'
import type { Endpoint } from '../faults.ts'
import type { Caller, Needs } from '../organization/access.ts'
import type { Organization } from '../organization/organization.ts'
import type { TokenBook } from '../organization/token-book.ts'

/** One request, checked as far as its route says. */
export interface Call<Body = unknown, Query = unknown> {
  readonly url: URL
  /** The values of the path, decoded. */
  readonly path: Readonly<Record<string, string>>
  readonly body: Body
  readonly query: Query
  readonly caller: Caller
  readonly organization: Organization
  readonly tokens: TokenBook
  /** Where the time of the organization's log stands, in epoch milliseconds. */
  readonly nowMs: number
  /** Appends an event to the organization's log: who called, what for, and the words after the author's name. */
  readonly tell: (type: string, did: string, data: object) => void
}

/** Those that are about no organization, or whose answer is a stream. */
export type OwnEndpoint = 'export' | 'whoami' | 'credentials'

/** A call about an organization that is answered at once. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As the Hub's document writes it. */
  readonly path: string
  /** The family by which faults name it. */
  readonly endpoint: Exclude<Endpoint, OwnEndpoint>
  /** Checked before anything else; undefined where the route sees to it itself. */
  readonly needs?: Needs
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  handle(call: Call): Answer
}

interface TypedRoute<Body extends z.ZodType, Query extends z.ZodType> extends Omit<Route, 'handle'> {
  readonly query?: Query
  readonly body?: Body
  handle(call: Call<z.output<Body>, z.output<Query>>): Answer
}

/** Ties the handler's types to the schemas that its input was checked with. */
export function route<Body extends z.ZodType, Query extends z.ZodType>(
  typed: TypedRoute<Body, Query>,
): Route {
  return typed as Route
}
