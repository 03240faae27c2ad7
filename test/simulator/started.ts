import type { TestContext } from 'node:test'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

export interface StartedSimulator {
  readonly simulator: Simulator
  readonly url: string
  /** Address of an organization's export. */
  readonly exportUrl: (organization?: string) => string
  /** A GET with a token, redirects left alone. */
  readonly get: (url: string, init?: RequestInit) => Promise<Response>
  /** The elements of an export, parsed. */
  readonly events: (organization?: string, query?: string) => Promise<SimulatedEvent[]>
}

export interface SimulatedEvent {
  readonly _id: string
  readonly createdAt: string
  readonly type: string
  readonly message: string
  readonly author: {
    readonly _id: string
    readonly user: string
    readonly avatarUrl: string
    readonly deleted?: boolean
  }
  readonly ip?: string
  readonly token?: { readonly id: string; readonly deleted: boolean }
}

/** A simulator on a free port, stopped after the test. */
export async function startedSimulator(
  t: TestContext,
  options: SimulatorOptions = {},
): Promise<StartedSimulator> {
  const simulator = createSimulator({ events: 50, ...options })
  const { url } = await simulator.start()
  t.after(() => simulator.stop())
  const token = options.token ?? 'hf_simulated'
  const exportUrl = (organization = 'example-org') =>
    `${url}/api/organizations/${organization}/audit-log/export`
  const get = (address: string, init: RequestInit = {}) =>
    fetch(address, {
      redirect: 'manual',
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    })
  return {
    simulator,
    url,
    exportUrl,
    get,
    async events(organization, query) {
      const response = await get(
        exportUrl(organization) + (query === undefined ? '' : `?q=${encodeURIComponent(query)}`),
      )
      return (await response.json()) as SimulatedEvent[]
    },
  }
}
