import { startHfAudit } from './child-process.ts'

export interface SimulatorProcess {
  readonly url: string
  readonly organization: string
  control(path: string, body?: unknown): Promise<unknown>
  stop(): Promise<void>
}

/** The simulated Hub in a process of its own, its exports rendered once: what reads them is measured, not it. */
export async function startSimulatorProcess(options: {
  events: number
  eventBytes?: number
  order?: string
}): Promise<SimulatorProcess> {
  const organization = 'example-org'
  const parameters = [
    'simulate',
    '--json',
    '--prepared',
    '--port',
    '0',
    '--rate',
    '0',
    '--organizations',
    organization,
  ]
  parameters.push('--events', String(options.events))
  if (options.eventBytes !== undefined) parameters.push('--event-bytes', String(options.eventBytes))
  if (options.order !== undefined) parameters.push('--order', options.order)
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
    organization,
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
