import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { copyArtifact } from './maven.ts'
import { freePort } from './ports.ts'
import { javaVersion } from './requirements.ts'
import { runTool } from './run-tool.ts'
import { type ServerCommand, startServer } from './server-process.ts'

export const registryVersion = '3.0.9'

/** How to run Apicurio Registry on a port; fetched and started once before, so that later starts take 3 s, not 5. */
export async function registryCommand(
  port: number,
  place: Pick<ServerCommand, 'cwd' | 'logFile'>,
): Promise<ServerCommand> {
  const jar = await installedJar()
  const folder = await cached({
    name: `apicurio-registry-${registryVersion}-primed-java-${await javaVersion()}`,
    lock: 'java',
    announce: 'starting Apicurio Registry once to make its later starts faster',
    async make(directory) {
      const learn = `-XX:ArchiveClassesAtExit=${join(directory, 'classes.jsa')}`
      const log = { cwd: directory, logFile: join(directory, 'registry.log') }
      const server = await startServer(commandLine(jar, await freePort(), learn, log))
      await server.end(60_000)
    },
  })
  return commandLine(jar, port, `-XX:SharedArchiveFile=${join(folder, 'classes.jsa')}`, place)
}

/** Base of the Confluent-compatible API of a registry on loopback. */
export function registryUrl(port: number): string {
  return `http://127.0.0.1:${port}/apis/ccompat/v7`
}

function commandLine(
  jar: string,
  port: number,
  classArchive: string,
  place: Pick<ServerCommand, 'cwd' | 'logFile'>,
): ServerCommand {
  return {
    ...place,
    name: 'Apicurio Registry',
    command: 'java',
    args: [
      classArchive,
      '-XX:+UseSerialGC',
      '-Xmx384m',
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-jar',
      jar,
    ],
    isReady: () => answers(`${registryUrl(port)}/subjects`),
  }
}

async function installedJar(): Promise<string> {
  const name = `apicurio-registry-app-${registryVersion}`
  const folder = await cached({
    name: `apicurio-registry-${registryVersion}`,
    lock: 'maven',
    announce: `fetching Apicurio Registry ${registryVersion} (109 MB) by Maven, once`,
    async make(directory) {
      await copyArtifact(`io.apicurio:apicurio-registry-app:${registryVersion}:tar.gz:all`, directory)
      const archive = join(directory, `${name}-all.tar.gz`)
      await runTool('tar', ['-xzf', archive, '-C', directory])
      await rm(archive)
    },
  })
  return join(folder, `${name}-runner.jar`)
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
