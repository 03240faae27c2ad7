import { startHfAudit } from './child-process.ts'

export interface SimulatorProcess {
  readonly url: string
  readonly organization: string
  control(path: string, body?: unknown): Promise<unknown>
  stop(): Promise<void>
}

export interface SimulatorProcessOptions {
  readonly events: number
  readonly eventBytes?: number
  readonly order?: string
  readonly seed?: number
  /** Default: one, `example-org`. */
  readonly organizations?: readonly string[]
  /** Exports are rendered once, so that what reads them is measured and not the simulator; default true. */
  readonly prepared?: boolean
}

/** The simulated Hub in a process of its own. */
export async function startSimulatorProcess(options: SimulatorProcessOptions): Promise<SimulatorProcess> {
  const { organizations = ['example-org'], prepared = true } = options
  const parameters = ['simulate', '--json', '--port', '0', '--rate', '0']
  parameters.push('--organizations', organizations.join(','))
  parameters.push('--events', String(options.events))
  if (prepared) parameters.push('--prepared')
  if (options.eventBytes !== undefined) parameters.push('--event-bytes', String(options.eventBytes))
  if (options.order !== undefined) parameters.push('--order', options.order)
  if (options.seed !== undefined) parameters.push('--seed', String(options.seed))
  const running = startHfAudit(parameters, {})
  const url = await new Promise<string>((resolve, reject) => {
    running.child.stdout?.on('data', () => {
      const [line, rest] = running.stdout().split('\n')
      if (rest !== undefined) resolve((JSON.parse(line!) as { url: string }).url)
    })
    running.ended.then(code => reject(new Error(`the simulator ended with ${code}: ${running.stderr()}`)))
  })
  return {
    url,
    organization: organizations[0]!,
    async control(path, body = {}) {
      const response = await fetch(`${url}/_control/${path}`, { method: 'POST', body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return response.json()
    },
    async stop() {
      running.kill('SIGTERM')
      await running.ended
    },
  }
}
