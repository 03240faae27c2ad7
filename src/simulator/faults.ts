import { z } from 'zod'
import { POISON_KINDS } from './poison.ts'

const count = z.int().min(1)
const bytes = z.int().min(0)
const headers = z.record(z.string(), z.string())

/** The calls that the simulator answers, in families. */
export const ENDPOINTS = [
  'export',
  'whoami',
  'members',
  'member-role',
  'member-tokens',
  'service-accounts',
  'service-account-tokens',
  'network-security',
  'repositories',
  'repository-settings',
  'credentials',
] as const
export type Endpoint = (typeof ENDPOINTS)[number]

/** Which requests a fault is for, and how many of them. */
const scope = {
  /** Only calls about this organization. */
  organization: z.string().optional(),
  endpoint: z.enum([...ENDPOINTS, 'any']).default('export'),
  /** The next so many requests; without it until cleared. */
  times: count.optional(),
}

/** Faults that answer instead of the Hub, or before it does. */
const answers = [
  z.strictObject({
    ...scope,
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    /** Seconds or an HTTP date, sent as it is. */
    retryAfter: z.union([z.string(), z.number()]).optional(),
    headers: headers.optional(),
    /** The Hub's own words for the status unless given. */
    message: z.string().optional(),
    /** An HTML page, as a load balancer sends it, instead of the Hub's JSON. */
    html: z.boolean().default(false),
  }),
  /** A fixed window for each token, told in the Hub's `ratelimit` headers on every answer; 429 beyond the quota. */
  z.strictObject({
    ...scope,
    kind: z.literal('rate-limit'),
    quota: bytes,
    windowSeconds: z.number().positive(),
    /** Send Retry-After with the 429 too. */
    retryAfter: z.boolean().default(false),
  }),
  z.strictObject({
    ...scope,
    kind: z.literal('redirect'),
    /** `other-origin` is this server under its other loopback name. */
    to: z.union([z.enum(['same-origin', 'other-origin']), z.url()]),
    status: z.union([301, 302, 303, 307, 308].map(status => z.literal(status))).default(302),
  }),
  z.strictObject({
    ...scope,
    kind: z.literal('body'),
    body: z.enum(['empty', 'empty-array', 'null', 'object', 'not-json', 'html', 'text']),
    /** The body itself, for `text`. */
    text: z.string().optional(),
  }),
] as const

/** Faults of the connection while the body is sent. Bytes are counted as they go over the wire. */
const deliveries = [
  z.strictObject({ ...scope, kind: z.literal('slow'), bytesPerSecond: count }),
  /** Silence: before the headers, or after so many bytes of body; for ever unless `forMs` says how long. */
  z.strictObject({
    ...scope,
    kind: z.literal('stall'),
    at: z.union([z.literal('before-headers'), bytes]),
    forMs: count.optional(),
  }),
  /** The connection is reset after so many bytes of body; 0: before the headers. */
  z.strictObject({ ...scope, kind: z.literal('reset'), afterBytes: bytes }),
  /**
   * The body ends after so many bytes: `chunked` and `content-length` end it in good order, `content-length-too-long`
   * promised more and closes the connection.
   */
  z.strictObject({
    ...scope,
    kind: z.literal('truncate'),
    afterBytes: bytes,
    framing: z.enum(['chunked', 'content-length', 'content-length-too-long']).default('chunked'),
  }),
  /** Foreign bytes over or between those of an export, counted before compression. */
  z.strictObject({
    ...scope,
    kind: z.literal('garbage'),
    afterBytes: bytes,
    mode: z.enum(['overwrite', 'insert']).default('overwrite'),
    /** Hexadecimal. */
    hex: z
      .string()
      .regex(/^([0-9a-fA-F]{2})+$/, 'must be pairs of hexadecimal digits')
      .default('00ff7b5d'),
  }),
] as const

/** Faults of the export's content. */
const contents = [
  /** A replica that lags: the export as it was that many events ago. */
  z.strictObject({ ...scope, kind: z.literal('lag'), events: count }),
  /** Elements that are no events, spread over the array. */
  z.strictObject({
    ...scope,
    kind: z.literal('poison'),
    poison: z
      .array(z.enum(POISON_KINDS))
      .min(1)
      .default([...POISON_KINDS]),
  }),
  /** The newest events once more at the end: the same bytes, or the same id with another message. */
  z.strictObject({
    ...scope,
    kind: z.literal('duplicate'),
    events: count,
    content: z.enum(['same', 'other']).default('same'),
  }),
  /** What the Hub rewrites when an account or a token goes: in the newest events, or those of one author. */
  z.strictObject({
    ...scope,
    kind: z.literal('rewrite'),
    events: count.optional(),
    author: z.string().optional(),
    fields: z
      .array(z.enum(['author.deleted', 'author.user', 'author.avatarUrl', 'token.deleted']))
      .min(1)
      .default(['author.deleted', 'token.deleted']),
  }),
  /** Another message in the newest events: what nobody should be able to change. */
  z.strictObject({ ...scope, kind: z.literal('change'), events: count }),
  z.strictObject({
    ...scope,
    kind: z.literal('format'),
    byteOrderMark: z.boolean().default(false),
    whiteSpace: z.boolean().default(false),
  }),
] as const

export const faultSchema = z.discriminatedUnion('kind', [...answers, ...deliveries, ...contents])

export type FaultInput = z.input<typeof faultSchema>
export type Fault = z.output<typeof faultSchema>
export type FaultKind = Fault['kind']
export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>

export interface ActiveFault {
  readonly id: number
  readonly fault: Fault
  /** How many requests it was applied to. */
  readonly used: number
}

interface Entry extends ActiveFault {
  used: number
}

export interface FaultTarget {
  readonly endpoint: Endpoint
  readonly organization: string | undefined
}

/** The faults that are set, in the order in which they were. */
export class FaultBook {
  #next = 1
  #active: Entry[] = []

  add(fault: Fault): number {
    const id = this.#next
    this.#next += 1
    this.#active.push({ id, fault, used: 0 })
    return id
  }

  /** Removes one fault, or all. Returns how many were removed. */
  clear(id?: number): number {
    const before = this.#active.length
    this.#active = id === undefined ? [] : this.#active.filter(entry => entry.id !== id)
    return before - this.#active.length
  }

  list(): readonly ActiveFault[] {
    return this.#active.map(entry => ({ ...entry }))
  }

  /**
   * The faults of one request, each counted as used. A `status` or a `redirect` is the whole answer (after a silence
   * before it): the other faults are kept for a later request.
   */
  take(target: FaultTarget): readonly ActiveFault[] {
    const matching = this.#matching(target).filter(({ fault }) => fault.kind !== 'rate-limit')
    const answer = matching.find(({ fault }) => fault.kind === 'status' || fault.kind === 'redirect')
    if (answer === undefined) return this.#use(matching)
    const before = ({ fault }: ActiveFault) => fault.kind === 'stall' && fault.at === 'before-headers'
    return this.#use(matching.filter(entry => entry === answer || before(entry)))
  }

  /** The rate limit that holds for one request, with its id, counted as used. */
  takeRateLimit(
    target: FaultTarget,
  ): { readonly id: number; readonly fault: FaultOf<'rate-limit'> } | undefined {
    const entry = this.#matching(target).find(({ fault }) => fault.kind === 'rate-limit')
    if (entry === undefined) return undefined
    this.#use([entry])
    return { id: entry.id, fault: entry.fault as FaultOf<'rate-limit'> }
  }

  #matching(target: FaultTarget): Entry[] {
    return this.#active.filter(
      ({ fault }) =>
        (fault.endpoint === 'any' || fault.endpoint === target.endpoint) &&
        (fault.organization === undefined || fault.organization === target.organization),
    )
  }

  #use(entries: readonly Entry[]): readonly ActiveFault[] {
    for (const entry of entries) entry.used += 1
    this.#active = this.#active.filter(({ fault, used }) => fault.times === undefined || used < fault.times)
    return entries.map(entry => ({ ...entry }))
  }
}

/** The first fault of a kind. */
export function faultOf<K extends FaultKind>(
  faults: readonly ActiveFault[],
  kind: K,
): FaultOf<K> | undefined {
  for (const { fault } of faults) if (fault.kind === kind) return fault as FaultOf<K>
  return undefined
}

/** All faults of a kind. */
export function faultsOf<K extends FaultKind>(faults: readonly ActiveFault[], kind: K): FaultOf<K>[] {
  return faults.flatMap(({ fault }) => (fault.kind === kind ? [fault as FaultOf<K>] : []))
}
