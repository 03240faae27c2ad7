import { geoKind } from '../event/enrich.ts'
import { areaResults, type CheckResult } from '../preflight.ts'
import { readGeoDatabase } from './database.ts'
import { openFile } from './open-file.ts'
import { wordsOf } from './words.ts'

const DAY_MS = 24 * 3_600_000
/** The makers give new ones every few days, or every month. */
const OLD_DAYS = 60

/** Whether each database can be read, and how old it is. One at a time: each is held in memory whole. */
export async function checkGeoDatabases(paths: readonly string[], nowMs: number): Promise<CheckResult[]> {
  const lines = areaResults('configuration')
  for (const path of paths) {
    const subject = `geo database ${path}`
    try {
      await using handle = await openFile(path)
      const { type, builtAtMs } = readGeoDatabase(await handle.readFile()).info
      const days = Math.floor((nowMs - builtAtMs) / DAY_MS)
      const words = `${type}, ${days} ${days === 1 ? 'day' : 'days'} old`
      if (days > OLD_DAYS)
        lines.warn(subject, words, 'get it anew; geoipupdate does that for MaxMind’s by itself')
      else if (geoKind(type) === undefined) lines.warn(subject, `${words}; a type that is not known`)
      else lines.ok(subject, words)
    } catch (error) {
      lines.fail(subject, wordsOf(error), 'name an unpacked .mmdb file in HF_AUDIT_GEO_DBS, or get it anew')
    }
  }
  return lines.results
}
