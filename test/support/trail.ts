import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { projectFolder } from './child-process.ts'

/** What a reader that trusts nothing finds in the journal of one organization. */
export interface Trail {
  readonly records: number
  readonly distinctIds: number
  readonly distinctEventIds: number
  /** The first record that is out of line, in words; undefined when all are. */
  readonly problem: string | undefined
  readonly sequence: number
  /** Hexadecimal, worked out here from the raw elements alone. */
  readonly chainHash: string
  readonly eventIds: ReadonlySet<string>
  /** Of each raw element, hexadecimal. */
  readonly rawHashes: ReadonlySet<string>
}

/**
 * Reads the events of one organization with `hf-audit tail --json` and works the chain out anew, as the design
 * describes it: SHA-256 of the hash before and the SHA-256 of the element's bytes, beginning with that of the source.
 */
export async function readTrail(
  environment: Readonly<Record<string, string>>,
  organization: string,
): Promise<Trail> {
  const source = `${environment.HF_ENDPOINT}/organizations/${organization}`
  let chain = createHash('sha256').update(source).digest()
  const [ids, eventIds, rawHashes] = [new Set<string>(), new Set<string>(), new Set<string>()]
  let records = 0
  let problem: string | undefined
  for await (const record of tailedRecords(environment, organization)) {
    records += 1
    const rawHash = createHash('sha256').update(record.rawLog).digest()
    chain = createHash('sha256').update(chain).update(rawHash).digest()
    if (record.sequence !== records) problem ??= `record ${records} has sequence ${record.sequence}`
    if (record.chainHash !== chain.toString('hex')) problem ??= `the chain breaks at record ${records}`
    if (record.organization !== organization) problem ??= `record ${records} is of ${record.organization}`
    if (JSON.parse(record.rawLog)._id !== record.eventID)
      problem ??= `record ${records} has another id than its text`
    ids.add(record.id)
    eventIds.add(record.eventID)
    rawHashes.add(rawHash.toString('hex'))
  }
  return {
    records,
    distinctIds: ids.size,
    distinctEventIds: eventIds.size,
    problem,
    sequence: records,
    chainHash: chain.toString('hex'),
    eventIds,
    rawHashes,
  }
}

interface TailedRecord {
  readonly id: string
  readonly eventID: string
  readonly organization: string
  readonly sequence: number
  readonly chainHash: string
  readonly rawLog: string
}

async function* tailedRecords(
  environment: Readonly<Record<string, string>>,
  organization: string,
): AsyncGenerator<TailedRecord> {
  const parameters = ['tail', '--from-beginning', '--no-follow', '--json', '--organization', organization]
  const child = spawn(process.execPath, ['src/cli.ts', ...parameters], {
    cwd: projectFolder,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as TailedRecord
    const [code] = await ended
    if (code !== 0) throw new Error(`hf-audit tail ended with ${code}`)
  } finally {
    child.kill('SIGKILL')
  }
}
