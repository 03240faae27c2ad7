import { runTool } from './run-tool.ts'

// Pinned: a build must not change because a plugin was released.
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'
// Takes an artifact alone; the 3.x ones insist on its parent's pom, which not every mirror of Central has.
const artifactPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:2.8'

/** Copies the runtime dependencies of a pom into a folder. Downloads what the local repository does not have. */
export async function copyDependencies(pom: string, directory: string): Promise<void> {
  const options = ['-DincludeScope=runtime', `-DoutputDirectory=${directory}`]
  await runTool('mvn', ['-B', '-q', '-f', pom, `${dependencyPlugin}:copy-dependencies`, ...options])
}

/** Copies one artifact, given as `group:artifact:version:type:classifier`, into a folder. */
export async function copyArtifact(coordinates: string, directory: string): Promise<void> {
  const options = [`-Dartifact=${coordinates}`, `-DoutputDirectory=${directory}`]
  await runTool('mvn', ['-B', '-q', `${artifactPlugin}:copy`, ...options], { cwd: directory })
}
