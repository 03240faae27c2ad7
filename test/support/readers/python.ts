import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cached } from '../stack/cache.ts'
import { projectRoot } from '../stack/project-root.ts'
import { pythonVersion } from '../stack/requirements.ts'
import { runTool } from '../stack/run-tool.ts'

export interface ReadOptions {
  readonly brokers: string
  readonly topic: string
  /** Base of the registry's API; without it only values in single-object encoding are decoded. */
  readonly registryUrl?: string
  /** librdkafka's names, for TLS and SASL. */
  readonly kafkaConfig?: Readonly<Record<string, string>>
}

/** What a reader that shares no code with the connector found in a topic, reading committed records. */
export interface ReadSummary {
  readonly records: number
  readonly undecoded: number
  /** Different pairs of key and `eventID` among the audit records. */
  readonly distinctIds: number
  /** Values by full name of their schema. */
  readonly schemas: Readonly<Record<string, number>>
  readonly keys: Readonly<Record<string, KeySummary>>
  /** Kafka timestamps, ms since 1970. */
  readonly timestamps: { readonly oldest: number; readonly newest: number } | null
  /** The first 20, in words: headers, ids, partition, sequence, chain, timestamp, decoding. */
  readonly problems: readonly string[]
  readonly problemCount: number
}

export interface KeySummary {
  readonly count: number
  readonly minSequence: number
  readonly maxSequence: number
  readonly holes: number
  readonly inOrder: boolean
  readonly chainFromStart: boolean
  readonly chainUnbroken: boolean
  /** Hex. */
  readonly lastChainHash: string
}

export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  /** Absent for a tombstone. Bytes are hex, times are ms since 1970. */
  readonly schema?: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever the topic holds; a test knows what it asks for
  readonly value?: any
}

/** Reads the topic to its end with librdkafka and fastavro, and checks what a reader is promised. */
export async function readRecords(options: ReadOptions): Promise<ReadSummary> {
  const env = kafkaEnvironment(options)
  return JSON.parse(await runTool(await pythonReader(), scriptArgs(options), { env })) as ReadSummary
}

export interface ExactlyOnceOptions {
  readonly brokers: string
  /** Prefix of the topics; their values are in single-object encoding. */
  readonly topic: string
  readonly hubUrl: string
  readonly organizations: readonly string[]
}

export interface ExactlyOnceReport {
  /** Partitions that hold a transaction which has not ended; then nothing else was looked at. */
  readonly unended: readonly string[]
  readonly organizations?: Readonly<Record<string, OrganizationReport>>
  readonly records?: number
  /** Records of aborted transactions, which a reader of committed records never sees. */
  readonly aborted?: number
  readonly ledgerEntries?: number
  readonly findings?: readonly string[]
  readonly deadLetters?: number
  readonly problems?: readonly string[]
  readonly problemCount?: number
}

/** Without records there is nothing but the counts. */
export interface OrganizationReport extends Partial<KeySummary> {
  /** Events of the Hub's log. */
  readonly expected: number
  readonly count: number
  readonly missing: number
  readonly doubled: number
  readonly unknown: number
  readonly altered: number
  readonly examples: Readonly<Record<string, readonly string[]>>
}

/** Holds what is published against the whole log of the simulated Hub. The workers must be stopped. */
export async function checkExactlyOnce(options: ExactlyOnceOptions): Promise<ExactlyOnceReport> {
  const { brokers, topic, hubUrl, organizations } = options
  const args = [join(readers, 'check_exactly_once.py'), brokers, topic, hubUrl, ...organizations]
  const env = { PYTHONDONTWRITEBYTECODE: '1' }
  return JSON.parse(await runTool(await pythonReader(), args, { env })) as ExactlyOnceReport
}

/** Every committed record of the topic, decoded, as a stream. */
export async function* dumpRecords(options: ReadOptions): AsyncGenerator<ReadRecord> {
  const python = await pythonReader()
  const env = { ...process.env, ...kafkaEnvironment(options) }
  const child = spawn(python, [...scriptArgs(options), '--jsonl'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as ReadRecord
    if ((await ended) !== 0) throw new Error(`read_records.py --jsonl failed:\n${stderr.slice(-4_000)}`)
  } finally {
    child.kill('SIGKILL')
  }
}

const readers = join(projectRoot, 'test/support/readers')

function scriptArgs(options: ReadOptions): string[] {
  return [join(readers, 'read_records.py'), options.brokers, options.topic, options.registryUrl ?? 'none']
}

function kafkaEnvironment(options: ReadOptions): Record<string, string> {
  // No __pycache__ in the source tree.
  const env = { PYTHONDONTWRITEBYTECODE: '1' }
  if (options.kafkaConfig === undefined) return env
  return { ...env, READER_KAFKA_CONFIG: JSON.stringify(options.kafkaConfig) }
}

/** A Python that has the readers' libraries. */
export function pythonReader(): Promise<string> {
  return pythonWith('requirements.txt', {
    name: 'python-readers',
    announce: 'installing confluent-kafka and fastavro for the Python readers, once',
  })
}

/** A Python with an embedded ClickHouse: half a gigabyte. */
export function pythonWithClickhouse(): Promise<string> {
  return pythonWith('clickhouse-requirements.txt', {
    name: 'python-clickhouse',
    announce: 'installing an embedded ClickHouse (chdb) for its tables, once: half a gigabyte on disk',
    // What it would bring for data frames is larger than itself.
    pipArgs: ['--no-deps'],
  })
}

/** An environment in the cache, made by pip from pinned versions. */
async function pythonWith(
  requirementsFile: string,
  {
    name,
    announce,
    pipArgs = [],
  }: { readonly name: string; readonly announce: string; readonly pipArgs?: readonly string[] },
): Promise<string> {
  const requirements = join(readers, requirementsFile)
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 8)
  const folder = await cached({
    name: `${name}-${digest}-python-${await pythonVersion()}`,
    lock: 'pip',
    announce,
    async make(directory) {
      await runTool('python3', ['-m', 'venv', directory])
      // The environment's own scripts hold its first path; `python -m` works wherever it is moved.
      const install = ['-m', 'pip', 'install', '--quiet', ...pipArgs, '-r', requirements]
      await runTool(join(directory, 'bin/python'), install)
    },
  })
  return join(folder, 'bin/python')
}
