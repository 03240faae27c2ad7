import { join } from 'node:path'
import { projectRoot } from '../stack/project-root.ts'
import { runTool } from '../stack/run-tool.ts'
import { pythonWithClickhouse } from './python.ts'

export interface ClickhouseQuestion {
  /** Of the database; made when it is missing. */
  readonly folder: string
  /** Statements that make the tables. */
  readonly tablesFile: string
  /** A table and the Avro object container file to load into it. */
  readonly loads: readonly (readonly [table: string, file: string])[]
  readonly queries: readonly string[]
}

/** The rows of each query, as an embedded ClickHouse answers them. 64-bit numbers are texts there. */
export async function askClickhouse({
  folder,
  tablesFile,
  loads,
  queries,
}: ClickhouseQuestion): Promise<Record<string, unknown>[][]> {
  const script = join(projectRoot, 'test/support/readers/query_clickhouse.py')
  const files = loads.map(([table, file]) => `${table}=${file}`)
  const args = [script, folder, tablesFile, ...files, '--', ...queries]
  const printed = await runTool(await pythonWithClickhouse(), args, { env: { PYTHONDONTWRITEBYTECODE: '1' } })
  return printed
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>[])
}
