import type { FileHandle } from 'node:fs/promises'
import { lru } from 'tiny-lru'
import { ConnectorError } from '../errors.ts'
import { clientNetwork } from '../event/client-network.ts'
import {
  type AddressEnrichment,
  addressEnrichment,
  type GeoAnswer,
  type GeoDatabaseInfo,
  geoKind,
  NO_ENRICHMENT,
} from '../event/enrich.ts'
import type { Logger } from '../log.ts'
import type { AddressEnricher } from '../ports.ts'
import { type GeoDatabase, readGeoDatabase } from './database.ts'
import { openFile } from './open-file.ts'
import { wordsOf } from './words.ts'

/** A backfill repeats few addresses many times. What is known of one takes up to two kilobytes. */
const CACHED_ADDRESSES = 5_000
/** Far more than reading takes. A file server that does not answer must not hold up a poll for longer. */
const REFRESH_LIMIT_MS = 30_000

interface LoadedFile {
  readonly path: string
  /** Undefined when it was never read. */
  database: GeoDatabase | undefined
  /** What the file was when it was last read, with success or not. */
  state: string
  /** A lookup failed: told once for each reading of the file. */
  damageTold: boolean
}

/**
 * Reads every database, whole, into memory. Throws one `CONFIG_INVALID` whose message has a line for each file that
 * cannot be used.
 */
export async function openGeoDatabases(
  paths: readonly string[],
  log: Logger,
  { open = openFile, limitMs = REFRESH_LIMIT_MS } = {},
): Promise<AddressEnricher> {
  const files: LoadedFile[] = paths.map(path => ({ path, database: undefined, state: '', damageTold: false }))
  const problems: string[] = []
  for (const file of files) {
    try {
      await load(file, open)
    } catch (error) {
      problems.push(`HF_AUDIT_GEO_DBS names ${JSON.stringify(file.path)}, which ${wordsOf(error)}`)
    }
  }
  if (problems.length > 0) throw new ConnectorError('CONFIG_INVALID', problems.join('\n'))
  for (const { path, database } of files) tell(log, path, database!.info)

  const known = lru<AddressEnrichment>(CACHED_ADDRESSES)
  let refreshing: Promise<void> | undefined
  /** It was told that the refresh under way does not come to its end. */
  let isLate = false

  async function refresh(): Promise<void> {
    for (const file of files) {
      try {
        if (!(await load(file, open))) continue
        known.clear()
        tell(log, file.path, file.database!.info)
      } catch (error) {
        log.warn(
          { path: file.path },
          `the geo database ${file.path} ${wordsOf(error)}; what was read before goes on being used`,
        )
      }
    }
  }

  function answerOf(file: LoadedFile, network: Parameters<GeoDatabase['lookup']>[0]): GeoAnswer[] {
    const database = file.database!
    try {
      const parts = database.lookup(network)
      return parts === undefined ? [] : [{ database: database.info, parts }]
    } catch {
      if (!file.damageTold) {
        file.damageTold = true
        log.warn(
          { path: file.path },
          `the geo database ${file.path} is damaged: a record cannot be read. Addresses go without it; get it anew.`,
        )
      }
      return []
    }
  }

  return {
    async refresh() {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined
        isLate = false
      })
      if (isLate || (await endsWithin(refreshing, limitMs)) || isLate) return
      isLate = true
      log.warn(
        { paths },
        `the geo databases were not read within ${limitMs / 1_000} s (${paths.join(', ')}); what was read before goes on being used`,
      )
    },

    heldBytes: () => files.reduce((sum, { database }) => sum + database!.bytes, 0),

    enrich(ip) {
      const before = known.get(ip)
      if (before !== undefined) return before
      const network = clientNetwork(ip)
      // Not kept: a text that is no address may be of any length.
      if (network === undefined) return NO_ENRICHMENT
      const enrichment = addressEnrichment(
        network,
        files.flatMap(file => answerOf(file, network)),
      )
      known.set(ip, enrichment)
      return enrichment
    },
  }
}

/**
 * Reads the file if it is not the one that was read last: another inode, size or time. False when it is the same.
 * A file that changes while it is read is refused, and read again the next time.
 */
async function load(file: LoadedFile, open: typeof openFile): Promise<boolean> {
  let state = 'cannot be opened'
  try {
    await using handle = await open(file.path)
    state = await stateOf(handle)
    if (state === file.state) return false
    const bytes = await handle.readFile()
    const after = await stateOf(handle)
    if (after !== state) throw new Error('is being written')
    file.database = readGeoDatabase(bytes)
    file.damageTold = false
    file.state = state
    return true
  } catch (error) {
    // Of each state of the file it is told once.
    if (file.state === state) return false
    file.state = state
    throw error
  }
}

async function endsWithin(work: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  const isDone = await Promise.race([work.then(() => true), limit])
  clearTimeout(timer)
  return isDone
}

async function stateOf(handle: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs } = await handle.stat({ bigint: true })
  return `${dev} ${ino} ${size} ${mtimeNs}`
}

function tell(log: Logger, path: string, info: GeoDatabaseInfo): void {
  const fields = { path, type: info.type, built: new Date(info.builtAtMs) }
  if (geoKind(info.type) !== undefined) log.info(fields, 'geo database read')
  else {
    log.warn(
      fields,
      `the geo database ${path} is of the type ${JSON.stringify(info.type)}, which is none of City, Country, ASN, ISP, ` +
        'Connection-Type and Enterprise; what its records hold under the same names is taken',
    )
  }
}
