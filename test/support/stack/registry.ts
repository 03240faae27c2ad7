import { join } from 'node:path'
import { freePort } from './ports.ts'
import { registryCommand, registryUrl } from './registry-install.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface RegistryServer {
  /** Base of the Confluent-compatible API: `http://127.0.0.1:<port>/apis/ccompat/v7`. */
  readonly url: string
  readonly port: number
  readonly logFile: string
  stop(): Promise<void>
  /** SIGKILL by default. It keeps its schemas in memory: they are gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  pause(): void
  resume(): void
  /** A start on the same port, empty again. */
  restart(): Promise<void>
}

/** A real Apicurio Registry on loopback, in memory, that refuses schemas which are not BACKWARD compatible. */
export async function startRegistry(options: { readonly port?: number } = {}): Promise<RegistryServer> {
  const port = options.port ?? (await freePort())
  const url = registryUrl(port)
  const folder = await temporaryFolder('registry')
  const logFile = join(folder.path, 'registry.log')
  const start = async () => {
    const started = await startServer(await registryCommand(port, { cwd: folder.path, logFile }))
    try {
      await refuseIncompatible(url)
    } catch (error) {
      await started.kill()
      throw error
    }
    return started
  }
  let server: ServerProcess
  try {
    server = await start()
  } catch (error) {
    await folder.remove()
    throw error
  }
  return {
    url,
    port,
    logFile,
    kill: async signal => server.kill(signal),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    async stop() {
      await server.kill()
      await folder.remove()
    },
    async restart() {
      await server.kill()
      server = await start()
    },
  }
}

/** Confluent's registry starts with BACKWARD; Apicurio with NONE, under which every schema is accepted. */
async function refuseIncompatible(url: string): Promise<void> {
  const response = await fetch(`${url}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
  })
  if (!response.ok) throw new Error(`PUT ${url}/config: ${response.status} ${await response.text()}`)
}
