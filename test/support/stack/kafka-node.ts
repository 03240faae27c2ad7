import { kafkaClassPath, kafkaLogOption } from './java.ts'
import { primedKafka } from './kafka-primed.ts'
import { type ServerProcess, startServer } from './server-process.ts'

export interface NodePlace {
  readonly folder: string
  readonly logFile: string
  readonly heapMiB: number
}

/** Runs Kafka with a file of properties, in that folder; ready when its log holds the given text. */
export type NodeRunner = (propertiesFile: string, logged: string) => Promise<ServerProcess>

export async function nodeRunner({ folder, logFile, heapMiB }: NodePlace): Promise<NodeRunner> {
  const classPath = await kafkaClassPath()
  const { classArchive } = await primedKafka()
  return (propertiesFile, logged) =>
    startServer({
      name: 'Apache Kafka',
      command: 'java',
      args: [
        `-XX:SharedArchiveFile=${classArchive}`,
        '-XX:+UseSerialGC',
        `-Xmx${heapMiB}m`,
        kafkaLogOption,
        '-cp',
        classPath,
        'kafka.Kafka',
        propertiesFile,
      ],
      cwd: folder,
      logFile,
      isReady: text => text.includes(logged),
    })
}
