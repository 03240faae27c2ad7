import { runTool } from './run-tool.ts'

// Pinned: Maven's own default is years old, and a build must not change because a plugin was released.
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

/** Copies the runtime dependencies of a pom into a folder. Downloads what the local repository does not have. */
export async function copyDependencies(pom: string, directory: string): Promise<void> {
  const options = ['-DincludeScope=runtime', `-DoutputDirectory=${directory}`]
  await runTool('mvn', ['-B', '-q', '-f', pom, `${dependencyPlugin}:copy-dependencies`, ...options])
}

/** Unpacks one archive, given as `group:artifact:version:type:classifier`, into a folder. */
export async function unpackArtifact(coordinates: string, directory: string): Promise<void> {
  const options = [`-Dartifact=${coordinates}`, `-DoutputDirectory=${directory}`]
  await runTool('mvn', ['-B', '-q', `${dependencyPlugin}:unpack`, ...options], { cwd: directory })
}
