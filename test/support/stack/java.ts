import { join } from 'node:path'
import { cached } from './cache.ts'
import { copyDependencies } from './maven.ts'
import { projectRoot } from './project-root.ts'
import { runTool } from './run-tool.ts'

export const kafkaVersion = '4.3.1'

/** Class path of Kafka's broker and its tools. */
export async function kafkaClassPath(): Promise<string> {
  const jars = await cached({
    name: `kafka-${kafkaVersion}`,
    lock: 'maven',
    announce: `fetching Apache Kafka ${kafkaVersion} (45 MB) by Maven, once`,
    make: directory => copyDependencies(join(projectRoot, 'test/support/stack/pom.xml'), directory),
  })
  return join(jars, '*')
}

export const kafkaLogOption = `-Dlog4j2.configurationFile=${join(projectRoot, 'test/support/stack/kafka-log4j2.properties')}`

/** One of Kafka's Java tools, run to its end; resolves with its stdout. */
export async function runKafkaTool(mainClass: string, args: readonly string[]): Promise<string> {
  const classPath = await kafkaClassPath()
  return runTool('java', ['-XX:TieredStopAtLevel=1', kafkaLogOption, '-cp', classPath, mainClass, ...args])
}
