import { ConnectorError } from '../errors.ts'
import { AuditLog, type Order } from './audit-log.ts'
import { type Control, parseControl } from './control.ts'
import { EXPORT_EVENT_TYPE } from './event-types.ts'
import { FaultBook } from './faults.ts'
import { createGenerator } from './generator.ts'
import { applyAccess } from './organization/access.ts'
import { createOrganization, type OrganizationSettings } from './organization/create.ts'
import type { Organization } from './organization/organization.ts'
import { TokenBook } from './organization/token-book.ts'
import type { ToldEvent } from './told-event.ts'

export interface HubStateSettings {
  readonly seed: number
  readonly organizations: readonly string[]
  readonly events: number
  readonly eventBytes: number
  readonly rate: number
  readonly order: Order
  readonly cap: number
  /** Events that arrive while it runs carry the present time, not that of their number. */
  readonly live: boolean
  /** What each organization is like at the start. */
  readonly organization: OrganizationSettings
  readonly now: () => number
}

/** Everything about the simulated Hub that can change while it runs. */
export class HubState {
  readonly #settings: HubStateSettings
  readonly faults = new FaultBook()
  #logs = new Map<string, AuditLog>()
  #organizations = new Map<string, Organization>()
  #tokens = new TokenBook(0)
  #seed: number
  #order: Order
  #shuffleSeed = 0
  #rate: number
  #cap: number
  #grownAtMs: number

  constructor(settings: HubStateSettings) {
    this.#settings = settings
    this.#seed = settings.seed
    this.#order = settings.order
    this.#rate = settings.rate
    this.#cap = settings.cap
    this.#grownAtMs = settings.now()
    this.#build()
  }

  #build(): void {
    const { organizations, events, eventBytes, organization: settings } = this.#settings
    this.#tokens = new TokenBook(this.#seed)
    this.#organizations = new Map(
      organizations.map(name => [name, createOrganization(name, this.#seed, settings, this.#tokens)]),
    )
    this.#logs = new Map(
      organizations.map(organization => [
        organization,
        new AuditLog(createGenerator({ seed: this.#seed, organization, eventBytes }), events),
      ]),
    )
  }

  get seed(): number {
    return this.#seed
  }
  get order(): Order {
    return this.#order
  }
  get shuffleSeed(): number {
    return this.#shuffleSeed
  }
  get rate(): number {
    return this.#rate
  }
  get cap(): number {
    return this.#cap
  }
  /** Of service accounts, and those that are refused. */
  get tokens(): TokenBook {
    return this.#tokens
  }
  get organizations(): readonly string[] {
    return [...this.#logs.keys()]
  }

  /** The organization's log as it is now; undefined when there is no such organization. */
  find(organization: string): AuditLog | undefined {
    this.#grow()
    return this.#logs.get(organization)
  }

  /** Everything about an organization but its log. */
  findOrganization(name: string): Organization | undefined {
    return this.#organizations.get(name)
  }

  /** The log for a control, where the only organization need not be named. Throws `CONFIG_INVALID`. */
  log(organization: string | undefined): AuditLog {
    return this.find(this.#nameOf(organization))!
  }

  #nameOf(organization: string | undefined): string {
    const known = this.organizations
    const name = organization ?? (known.length === 1 ? known[0] : undefined)
    if (name !== undefined && this.#logs.has(name)) return name
    const what =
      organization === undefined ? 'no organization was named' : `there is no organization "${organization}"`
    throw new ConnectorError(
      'CONFIG_INVALID',
      `The simulator has several organizations or another one: ${what}; it has ${known.join(', ')}`,
    )
  }

  /** Returns the numbers of the appended events. */
  append(control: Control<'append'>): number[] {
    const log = this.log(control.organization)
    const { createdAt, type } = control
    return Array.from({ length: control.events }, (_, i) =>
      this.#appendOne(log, createdAt === undefined ? undefined : createdAt + i * control.stepMs, type),
    )
  }

  #appendOne(log: AuditLog, createdAtMs: number | undefined, type?: string): number {
    const at = createdAtMs ?? (this.#settings.live ? this.#settings.now() : undefined)
    if (at === undefined && type === undefined) return log.grow(1)
    const placement = { createdAtMs: at ?? log.generator.createdAtMs(log.count + 1) }
    return log.place(type === undefined ? placement : { ...placement, type })
  }

  appendRaw(organization: string | undefined, elements: readonly Buffer[], createdAtMs?: number): number[] {
    const log = this.log(organization)
    return elements.map(raw =>
      log.place({ raw, createdAtMs: createdAtMs ?? log.generator.createdAtMs(log.count + 1) }),
    )
  }

  /** What the real Hub records of an export. */
  appendExportEvent(log: AuditLog): void {
    log.place({ createdAtMs: this.timeMs(log), type: EXPORT_EVENT_TYPE, byAuditor: true })
  }

  appendTold(log: AuditLog, told: ToldEvent): void {
    log.place({ createdAtMs: this.timeMs(log), told })
  }

  /** Where the time of a log stands: the present in a live one, else that of its next event. */
  timeMs(log: AuditLog): number {
    return this.#settings.live ? this.#settings.now() : log.generator.createdAtMs(log.count + 1)
  }

  /** What the user's token may do in an organization from now on; what is not named stays. */
  setAccess(control: Control<'access'>): void {
    applyAccess(this.#organizations.get(this.#nameOf(control.organization))!, control)
  }

  setOrder(control: Control<'order'>): void {
    this.#order = control.order
    this.#shuffleSeed = control.shuffleSeed
  }

  setRate(rate: number): void {
    this.#grow()
    this.#rate = rate
    this.#grownAtMs = this.#settings.now()
  }

  setCap(cap: number): void {
    this.#cap = cap
  }

  reset(seed: number): void {
    this.#seed = seed
    this.#grownAtMs = this.#settings.now()
    this.faults.clear()
    this.#build()
  }

  addFault(input: unknown): number {
    const fault = parseControl('fault', input)
    if (fault.organization !== undefined) this.log(fault.organization)
    return this.faults.add(fault)
  }

  /** No timer: the events that fell due since the last look are appended now. */
  #grow(): void {
    const now = this.#settings.now()
    const due = Math.floor((this.#rate * (now - this.#grownAtMs)) / 1_000)
    if (due < 1) return
    const stepMs = 1_000 / this.#rate
    for (const log of this.#logs.values()) {
      if (!this.#settings.live) log.grow(due)
      else
        for (let i = 1; i <= due; i += 1) log.place({ createdAtMs: Math.floor(this.#grownAtMs + i * stepMs) })
    }
    this.#grownAtMs += due * stepMs
  }
}
