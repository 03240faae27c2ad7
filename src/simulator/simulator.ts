import type { Order } from './audit-log.ts'
import { type ControlInput, type FaultInput, parseControl } from './control.ts'
import { controlAnswer } from './control-endpoint.ts'
import { createExportSource } from './export-source.ts'
import type { ActiveFault } from './faults.ts'
import { AUDITOR } from './generator.ts'
import { HubState } from './hub-state.ts'
import type { OrganizationRole, Plan } from './organization/organization.ts'
import { RequestLog, type SeenRequest } from './request-log.ts'
import { createHubServer, listen } from './server.ts'
import { checkedSettings, portError } from './settings.ts'

export interface SimulatorOptions {
  /** Decides every event; default 1. */
  readonly seed?: number
  /** Default one, `example-org`. */
  readonly organizations?: readonly string[]
  /** In each log at the start; default 1,000. */
  readonly events?: number
  /** Events a second by which each log grows; default 0. */
  readonly rate?: number
  /** Default `newest-first`. */
  readonly order?: Order
  /** Elements of an export at most; default 100,000. */
  readonly cap?: number
  /** About how long an event is, in bytes; default 750. */
  readonly eventBytes?: number
  /** Append an `org.audit_log.export` event for every export, as the Hub may; default false. */
  readonly exportEvents?: boolean
  /** Events that arrive while it runs carry the present time; default false: that of their number, in 2026. */
  readonly live?: boolean
  /** The only bearer token accepted; default any. */
  readonly token?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** A loopback address; default 127.0.0.1. */
  readonly host?: string
  /** Compress for clients that accept it; default false. */
  readonly gzip?: boolean
  /** Render each export once into a temporary file and send that while nothing changes; default false. */
  readonly prepared?: boolean
  /** Of the user whose token is in use; default `admin`. */
  readonly role?: OrganizationRole
  /** Of the organizations; default `enterprise`, `none` leaves it out. */
  readonly plan?: Plan | 'none'
  /**
   * Of the user's token, on each organization; default {@link DEFAULT_PERMISSIONS}. The export is answered whatever
   * they are.
   */
  readonly permissions?: readonly string[]
  /** Of each organization, the user of the token among them; default 25. */
  readonly members?: number
  /** Epoch milliseconds; default never. */
  readonly tokenExpiresAtMs?: number
  readonly now?: () => number
}

/** Everything that a call asks for. */
export const DEFAULT_PERMISSIONS = [
  'org.read',
  'org.auditLog.write',
  'org.write',
  'org.serviceAccounts.read',
  'org.serviceAccounts.write',
  'org.networkSecurity.write',
  'repo.write',
] as const

export interface SimulatorState {
  readonly seed: number
  readonly order: Order
  readonly rate: number
  readonly cap: number
  readonly organizations: readonly { readonly name: string; readonly events: number }[]
  /** Id of the user's token, as organizations see it. */
  readonly tokenId: string
  readonly faults: readonly ActiveFault[]
  readonly requests: { readonly total: number; readonly latest: readonly SeenRequest[] }
}

/** A local Hub. Each control throws `CONFIG_INVALID` for values that make no sense. */
export interface Simulator {
  /** Throws `CONFIG_INVALID` when the port is taken. */
  start(): Promise<{ url: string; port: number }>
  /** Closes every connection at once. May be called twice. */
  stop(): Promise<void>
  state(): SimulatorState
  /** Sets a fault; returns the id to clear it by. */
  fault(fault: FaultInput): number
  /** Returns how many were cleared. */
  clearFaults(id?: number): number
  /** Returns the ids of the appended events. */
  append(control: ControlInput<'append'>): string[]
  /** Appends elements with exactly these bytes. */
  appendRaw(control: {
    readonly organization?: string
    readonly elements: readonly (string | Buffer)[]
    readonly createdAtMs?: number
  }): void
  setEvents(events: number, organization?: string): void
  setOrder(order: Order, shuffleSeed?: number): void
  setRate(rate: number): void
  setCap(cap: number): void
  /** What the user's token may do in an organization, and its plan; what is not named stays. */
  setAccess(control: ControlInput<'access'>): void
  /** Everything anew from another seed. */
  reset(seed: number): void
  /** Id of the n-th event. */
  id(n: number, organization?: string): string
  /** The n-th event as an export holds it, faults apart. */
  element(n: number, organization?: string): Buffer
  /** Ids of the generated events that an export would hold now, oldest first. */
  exportedIds(organization?: string): string[]
}

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const settings = checkedSettings(options)
  const now = options.now ?? Date.now
  const state = new HubState({
    ...settings,
    organization: {
      role: options.role ?? 'admin',
      plan: options.plan === 'none' ? undefined : (options.plan ?? 'enterprise'),
      permissions: options.permissions ?? DEFAULT_PERMISSIONS,
      members: settings.members,
    },
    now,
  })
  const requests = new RequestLog()
  const source = createExportSource(state, options.prepared ?? false)
  const gzip = options.gzip ?? false

  const simulator: Simulator = {
    async start() {
      for (const organization of options.prepared === true ? state.organizations : []) {
        await source.prepare(state.log(organization), gzip)
      }
      try {
        const port = await listen(server, settings.host, settings.port)
        return {
          url: `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`,
          port,
        }
      } catch (error) {
        await source.close()
        throw portError(error, settings.port)
      }
    },
    async stop() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await source.close()
    },
    state: () => ({
      seed: state.seed,
      order: state.order,
      rate: state.rate,
      cap: state.cap,
      organizations: state.organizations.map(name => ({ name, events: state.log(name).count })),
      tokenId: AUDITOR.tokenId,
      faults: state.faults.list(),
      requests: { total: requests.total, latest: requests.list() },
    }),
    fault: fault => state.addFault(fault),
    clearFaults: id => state.faults.clear(id),
    append(input) {
      const control = parseControl('append', input)
      const log = state.log(control.organization)
      return state.append(control).map(log.generator.id)
    },
    appendRaw({ organization, elements, createdAtMs }) {
      state.appendRaw(
        organization,
        elements.map(element => Buffer.from(element)),
        createdAtMs,
      )
    },
    setEvents: (events, organization) =>
      state.log(organization).resize(parseControl('events', { events, organization }).events),
    setOrder: (order, shuffleSeed) => state.setOrder(parseControl('order', { order, shuffleSeed })),
    setRate: rate => state.setRate(parseControl('rate', { rate }).rate),
    setCap: cap => state.setCap(parseControl('cap', { cap }).cap),
    setAccess: control => state.setAccess(parseControl('access', control)),
    reset: seed => state.reset(parseControl('seed', { seed }).seed),
    id: (n, organization) => state.log(organization).generator.id(n),
    element: (n, organization) => Buffer.from(state.log(organization).element(n)),
    exportedIds(organization) {
      const log = state.log(organization)
      const window = log.window({ cap: state.cap, order: 'oldest-first', shuffleSeed: 0 })
      return Array.from(window, log.generator.id)
    },
  }

  const server = createHubServer(state, requests, {
    token: options.token,
    gzip,
    exportEvents: options.exportEvents ?? false,
    now,
    source,
    tokenExpiresAtMs: options.tokenExpiresAtMs,
    control: (method, name, body) => controlAnswer(simulator, method, name, body),
  })
  return simulator
}
