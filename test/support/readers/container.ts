import { join } from 'node:path'
import { projectRoot } from '../stack/project-root.ts'
import { runTool } from '../stack/run-tool.ts'
import { pythonReader } from './python.ts'

export interface Container {
  readonly codec: string
  // biome-ignore lint/suspicious/noExplicitAny: an Avro schema as it stands in the file
  readonly schema: any
  /** Bytes in hex, times in RFC 3339. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the file holds; a test knows what it asks for
  readonly records: readonly any[]
}

/** An Avro object container file as fastavro reads it. */
export async function readContainer(file: string): Promise<Container> {
  const script = join(projectRoot, 'test/support/readers/read_container.py')
  const env = { PYTHONDONTWRITEBYTECODE: '1' }
  const [first = '', ...lines] = (await runTool(await pythonReader(), [script, file], { env }))
    .trim()
    .split('\n')
  return { ...JSON.parse(first), records: lines.map(line => JSON.parse(line)) }
}
