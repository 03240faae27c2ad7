import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkGeoDatabases } from '../../src/geo/preflight.ts'
import { mmdbDirectory, mmdbFile } from '../support/mmdb/files.ts'
import { INVENTED } from '../support/mmdb/invented.ts'

test('check: a line for each database, with its age and what to do', async t => {
  const directory = mmdbDirectory(t)
  const builtAtMs = Date.UTC(2026, 0, 1)
  const city = mmdbFile(directory, 'city', { ...INVENTED.city, builtAtMs })
  const old = mmdbFile(directory, 'old', { ...INVENTED.asn, builtAtMs: Date.UTC(2025, 0, 1) })
  const own = mmdbFile(directory, 'own', { ...INVENTED.asn, builtAtMs, type: 'Our-Networks' })
  const yesterday = mmdbFile(directory, 'new', { ...INVENTED.city, builtAtMs: Date.UTC(2026, 0, 10) })
  const missing = join(directory, 'missing.mmdb')
  const results = await checkGeoDatabases([city, old, own, yesterday, missing], Date.UTC(2026, 0, 11, 5))
  assert.deepEqual(
    results.map(({ status, message }) => [status, message]),
    [
      ['ok', 'GeoLite2-City, 10 days old'],
      ['warning', 'GeoLite2-ASN, 375 days old'],
      ['warning', 'Our-Networks, 10 days old; a type that is not known'],
      ['ok', 'GeoLite2-City, 1 day old'],
      ['failed', 'cannot be read (ENOENT)'],
    ],
  )
  for (const [index, path] of [city, old, own, yesterday, missing].entries()) {
    assert.equal(results[index]!.subject, `geo database ${path}`)
  }
})
