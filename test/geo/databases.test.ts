import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { NO_ENRICHMENT, type SourceColumns } from '../../src/event/enrich.ts'
import { openGeoDatabases } from '../../src/geo/databases.ts'
import { openFile } from '../../src/geo/open-file.ts'
import { checkGeoDatabases } from '../../src/geo/preflight.ts'
import { silentLogger } from '../../src/log.ts'
import { encodeMmdb, type MmdbOptions, whole } from '../support/mmdb/encode.ts'
import { mmdbDirectory, mmdbFile } from '../support/mmdb/files.ts'
import { INVENTED, type InventedName } from '../support/mmdb/invented.ts'

const NOTHING = NO_ENRICHMENT.columns
const PLACE = { srcCity: 'Exampleton', srcLatitude: 52.5, srcLongitude: 13.25 }
const SYSTEM = { srcASNumber: 64496, srcASOrganization: 'Example Networks' }

/** The columns, name and provider that each database gives. */
const GOLDEN: Record<InventedName, [columns: Partial<SourceColumns>, name: string, provider: string]> = {
  city: [{ ...PLACE, srcASCountryCode: 'DE' }, 'geo city', 'MaxMind'],
  country: [{ srcASCountryCode: 'DE' }, 'geo country', 'MaxMind'],
  asn: [SYSTEM, 'geo ASN', 'MaxMind'],
  isp: [{ ...SYSTEM, srcISP: 'Example ISP' }, 'geo ISP', 'MaxMind'],
  connectionType: [{ srcConnectionType: 'Cable/DSL' }, 'geo connection type', 'MaxMind'],
  enterprise: [
    {
      ...PLACE,
      ...SYSTEM,
      srcASCountryCode: 'DE',
      srcISP: 'Example ISP',
      srcConnectionType: 'Corporate',
      srcUserType: 'business',
    },
    'geo enterprise',
    'MaxMind',
  ],
  dbipCity: [{ ...PLACE, srcASCountryCode: 'DE' }, 'geo city', 'DB-IP'],
  dbipAsn: [SYSTEM, 'geo ASN', 'DB-IP'],
  dbipEnterprise: [
    { ...PLACE, ...SYSTEM, srcASCountryCode: 'DE', srcISP: 'Example ISP', srcUserType: 'residential' },
    'geo enterprise',
    'DB-IP',
  ],
  flatCity: [{ ...PLACE, srcASCountryCode: 'DE' }, 'geo city', 'ip-location-db'],
  flatCountry: [{ srcASCountryCode: 'DE' }, 'geo country', 'ip-location-db'],
  flatAsn: [SYSTEM, 'geo ASN', 'ip-location-db'],
  ipinfo: [{ ...SYSTEM, srcASCountryCode: 'DE' }, 'geo ASN', 'IPinfo'],
}

function recordingLog() {
  const warnings: string[] = []
  return {
    warnings,
    log: { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) },
  }
}

for (const [name, [columns, enrichment, provider]] of Object.entries(GOLDEN)) {
  test(`what ${INVENTED[name as InventedName].type} gives, in every size of record`, async t => {
    const directory = mmdbDirectory(t)
    for (const recordSize of [24, 28, 32] as const) {
      const path = mmdbFile(directory, `${name}-${recordSize}`, {
        ...INVENTED[name as InventedName],
        recordSize,
      })
      const geo = await openGeoDatabases([path], silentLogger)
      for (const ip of [
        '203.0.113.7',
        '203.0.113.0',
        '203.0.113.xxx',
        '::ffff:203.0.113.0',
        '2001:db8:1::',
      ]) {
        const found = geo.enrich(ip)
        assert.deepEqual(found.columns, { ...NOTHING, ...columns }, ip)
        assert.equal(found.enrichments.length, 1)
        assert.deepEqual([found.enrichments[0]!.name, found.enrichments[0]!.provider], [enrichment, provider])
      }
      for (const ip of ['198.51.100.0', '2001:db8:2::', '10.0.0.0', 'garbage', '']) {
        assert.equal(geo.enrich(ip), NO_ENRICHMENT, ip)
      }
    }
  })
}

test('five databases together fill all nine columns, with an enrichment each', async t => {
  const directory = mmdbDirectory(t)
  const names = ['city', 'asn', 'isp', 'connectionType', 'enterprise'] as const
  const geo = await openGeoDatabases(
    names.map(name => mmdbFile(directory, name, INVENTED[name])),
    silentLogger,
  )
  const sizes = names.map(name => encodeMmdb(INVENTED[name]).length)
  assert.equal(
    geo.heldBytes(),
    sizes.reduce((sum, size) => sum + size),
  )
  const { columns, enrichments } = geo.enrich('203.0.113.0')
  assert.deepEqual(columns, {
    ...PLACE,
    ...SYSTEM,
    srcASCountryCode: 'DE',
    srcConnectionType: 'Cable/DSL',
    srcISP: 'Example ISP',
    srcUserType: 'business',
  })
  assert.deepEqual(
    enrichments.map(({ name }) => name),
    ['geo city', 'geo ASN', 'geo ISP', 'geo connection type', 'geo enterprise'],
  )
  assert.deepEqual(enrichments[0], {
    name: 'geo city',
    provider: 'MaxMind',
    type: 'ip',
    value: '203.0.113.0/24',
    data: {
      database: 'GeoLite2-City',
      databaseBuilt: '2026-08-01',
      precision: 'network',
      continentCode: 'EU',
      countryCode: 'DE',
      registeredCountryCode: 'FR',
      regionCode: 'DE-BE',
      postalCode: '10115',
      city: 'Exampleton',
      latitude: '52.5',
      longitude: '13.25',
      accuracyRadiusKm: '20',
    },
  })
  const host = geo.enrich('203.0.113.7').enrichments[0]!
  assert.deepEqual([host.value, host.data.precision], ['203.0.113.7', 'host'])
})

test('of an anonymized address only what holds for its whole network is told', async t => {
  const city = (name: string, latitude: number) => ({
    city: { names: { en: name } },
    country: { iso_code: 'DE' },
    location: { latitude, longitude: 13 },
  })
  const path = mmdbFile(mmdbDirectory(t), 'parts', {
    type: 'GeoLite2-City',
    networks: {
      '203.0.113.0/25': city('Here', 52),
      '203.0.113.128/26': city('There', 53),
      '203.0.113.192/26': city('Here', 52),
      '198.51.100.0/25': city('Here', 52),
      '192.0.2.0/25': city('Same', 52),
      '192.0.2.128/25': city('Same', 52),
      '2001:db8:1:1::/64': city('Here', 52),
    },
  })
  const geo = await openGeoDatabases([path], silentLogger)
  assert.equal(geo.enrich('203.0.113.1').columns.srcCity, 'Here')
  assert.equal(geo.enrich('203.0.113.129').columns.srcCity, 'There')
  assert.deepEqual(geo.enrich('203.0.113.0').columns, { ...NOTHING, srcASCountryCode: 'DE' })
  assert.equal(geo.enrich('203.0.113.0/25').columns.srcCity, 'Here')
  assert.equal(geo.enrich('192.0.2.0').columns.srcCity, 'Same')
  // Of the other half nothing is known.
  assert.equal(geo.enrich('198.51.100.0'), NO_ENRICHMENT)
  assert.equal(geo.enrich('2001:db8:1::'), NO_ENRICHMENT)
  assert.equal(geo.enrich('2001:db8:1:1::').columns.srcCity, 'Here')
})

test('networks are judged as a look at each of their addresses would', async t => {
  const networks: Record<string, { city: string }> = {}
  for (let part = 0; part < 256; part += 8)
    networks[`203.0.113.${part}/29`] = { city: `City ${(part >> 5) % 3}` }
  for (const [network, name] of [
    ['203.0.113.64/28', 'City 1'],
    ['203.0.113.77/32', 'City 9'],
  ] as const) {
    networks[network] = { city: name }
  }
  const path = mmdbFile(mmdbDirectory(t), 'model', { type: 'city ipv4', ipVersion: 4, networks })
  const geo = await openGeoDatabases([path], silentLogger)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }), (last, length) => {
      const size = 2 ** (32 - length)
      const first = Math.floor(last / size) * size
      const cities = new Set<string | null>()
      for (let host = first; host < first + size; host += 1)
        cities.add(geo.enrich(`203.0.113.${host}/32`).columns.srcCity)
      const expected = cities.size === 1 ? [...cities][0]! : null
      assert.equal(geo.enrich(`203.0.113.${last}/${length}`).columns.srcCity, expected)
    }),
  )
})

test('a network that is cut into very many parts tells nothing, and soon', async t => {
  const networks: MmdbOptions['networks'] = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, n) => [
      `2001:db8:1:${n.toString(16)}::/64`,
      { country: { iso_code: 'DE' } },
    ]),
  )
  const path = mmdbFile(mmdbDirectory(t), 'many', { type: 'GeoLite2-City', networks })
  const geo = await openGeoDatabases([path], silentLogger)
  assert.equal(geo.enrich('2001:db8:1::'), NO_ENRICHMENT)
  assert.equal(geo.enrich('2001:db8:1:7::').columns.srcASCountryCode, 'DE')
  for (const wide of ['128.0.0.0/1', '2000::/3', '::/0']) assert.equal(geo.enrich(wide), NO_ENRICHMENT)
})

test('a database of IPv4 alone is not asked about IPv6', async t => {
  // 32.1.13.184 are the first four bytes of 2001:db8::.
  const path = mmdbFile(mmdbDirectory(t), 'v4', {
    type: 'country ipv4',
    ipVersion: 4,
    networks: { '32.1.13.0/24': { country_code: 'DE' } },
  })
  const geo = await openGeoDatabases([path], silentLogger)
  assert.equal(geo.enrich('32.1.13.0').columns.srcASCountryCode, 'DE')
  assert.equal(geo.enrich('2001:db8:1::'), NO_ENRICHMENT)
})

test('every file that cannot be used is named, all at once', async t => {
  const directory = mmdbDirectory(t)
  const good = encodeMmdb(INVENTED.city)
  const bad: Record<string, [bytes: Buffer, words: RegExp]> = {
    'empty.mmdb': [Buffer.alloc(0), /is empty/],
    'page.mmdb': [Buffer.from('<html>Sign in to download</html>'), /is not a complete database/],
    'half.mmdb': [good.subarray(0, good.length / 2), /is not a complete database/],
    'packed.mmdb': [gzipSync(good), /compressed with gzip; unpack it/],
    'beheaded.mmdb': [good.subarray(good.length - 250), /cut off|not a complete database|damaged/],
  }
  const paths = [join(directory, 'missing.mmdb'), directory]
  for (const [name, [bytes]] of Object.entries(bad)) {
    paths.push(join(directory, name))
    writeFileSync(paths.at(-1)!, bytes)
  }
  const error = await openGeoDatabases(paths, silentLogger).then(
    () => assert.fail('it was opened'),
    (thrown: Error & { code: string }) => thrown,
  )
  assert.equal(error.code, 'CONFIG_INVALID')
  const lines = error.message.split('\n')
  assert.equal(lines.length, paths.length)
  for (const [index, path] of paths.entries()) assert.ok(lines[index]!.includes(JSON.stringify(path)))
  assert.match(lines[0]!, /cannot be read \(ENOENT\)/)
  assert.match(lines[1]!, /is no file/)
  for (const [index, [, words]] of Object.values(bad).entries()) assert.match(lines[index + 2]!, words)
})

test('no bytes make it fail in another way, and a lookup in damaged ones throws nothing', async t => {
  const directory = mmdbDirectory(t)
  const path = join(directory, 'damaged.mmdb')
  const good = encodeMmdb(INVENTED.enterprise)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async changes => {
        const bytes = Buffer.from(good)
        for (const [at, byte] of changes) bytes[at] = byte
        writeFileSync(path, bytes)
        const geo = await openGeoDatabases([path], silentLogger).catch((error: { code: string }) => {
          assert.equal(error.code, 'CONFIG_INVALID')
        })
        for (const ip of ['203.0.113.0', '203.0.113.7', '2001:db8:1::', '198.51.100.0']) geo?.enrich(ip)
      },
    ),
    { numRuns: 300 },
  )
})

test('a file that was replaced is read again, a broken one is told once and leaves the old in use', async t => {
  const directory = mmdbDirectory(t)
  const city = (name: string): MmdbOptions => ({
    type: 'GeoLite2-City',
    networks: { '203.0.113.0/24': { city: { names: { en: name } } } },
  })
  const path = mmdbFile(directory, 'city', city('Old'))
  const { warnings, log } = recordingLog()
  const geo = await openGeoDatabases([path], log)
  const cityNow = async () => {
    await Promise.all([geo.refresh(), geo.refresh()])
    return geo.enrich('203.0.113.0').columns.srcCity
  }
  assert.equal(await cityNow(), 'Old')
  renameSync(mmdbFile(directory, 'next', city('New')), path)
  assert.equal(await cityNow(), 'New')
  assert.deepEqual(warnings, [])

  const whole = encodeMmdb(city('Newest'))
  writeFileSync(path, whole.subarray(0, 40))
  assert.equal(await cityNow(), 'New')
  assert.equal(await cityNow(), 'New')
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /not a complete database.*goes on being used/)
  writeFileSync(path, whole)
  assert.equal(await cityNow(), 'Newest')

  rmSync(path)
  assert.equal(await cityNow(), 'Newest')
  assert.equal(await cityNow(), 'Newest')
  assert.equal(warnings.length, 2)
  assert.match(warnings[1]!, /ENOENT/)
  // Back as it was, then changed without another size.
  writeFileSync(path, whole)
  assert.equal(await cityNow(), 'Newest')
  writeFileSync(path, encodeMmdb(city('Latest')))
  utimesSync(path, 1_800_000_000, 1_800_000_000)
  assert.equal(await cityNow(), 'Latest')
  truncateSync(path, 0)
  assert.equal(await cityNow(), 'Latest')
  assert.match(warnings[2]!, /is empty/)
})

test('a pipe at the path of a database keeps nobody waiting: told once, and the old one stays in use', {
  timeout: 30_000,
}, async t => {
  const directory = mmdbDirectory(t)
  const path = mmdbFile(directory, 'city', INVENTED.city)
  const { warnings, log } = recordingLog()
  const geo = await openGeoDatabases([path], log)
  rmSync(path)
  execFileSync('mkfifo', [path])
  // Should it be opened for all that, this ends the wait; without a reader it is refused, which is right.
  t.after(() => spawnSync('sh', ['-c', 'timeout 1 sh -c ": > $0" "$0"', path]))
  for (let poll = 0; poll < 2; poll += 1) {
    await geo.refresh()
    assert.equal(geo.enrich('203.0.113.0').columns.srcCity, 'Exampleton')
  }
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /city\.mmdb is no file; what was read before goes on being used/)
  await assert.rejects(openGeoDatabases([path], log), /HF_AUDIT_GEO_DBS names ".*", which is no file/)
  const [line] = await checkGeoDatabases([path], Date.now())
  assert.deepEqual([line!.status, line!.message], ['failed', 'is no file'])
})

test('a file server that does not answer holds up one poll for a while, is told once, and is read when it answers', {
  timeout: 30_000,
}, async t => {
  const directory = mmdbDirectory(t)
  const path = mmdbFile(directory, 'city', INVENTED.city)
  const { warnings, log } = recordingLog()
  const answers = Promise.withResolvers<void>()
  let opened = 0
  const open = async (file: string) => {
    opened += 1
    if (opened === 2) await answers.promise
    return openFile(file)
  }
  const geo = await openGeoDatabases([path], log, { open, limitMs: 50 })
  renameSync(mmdbFile(directory, 'next', INVENTED.asn), path)
  for (let poll = 0; poll < 3; poll += 1) {
    await Promise.all([geo.refresh(), geo.refresh()])
    assert.equal(geo.enrich('203.0.113.0').columns.srcCity, 'Exampleton')
  }
  assert.equal(opened, 2)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /not read within 0\.05 s \(.*city\.mmdb\); what was read before goes on/)
  answers.resolve()
  while (geo.enrich('203.0.113.0').columns.srcASNumber === null) await immediate()
  await geo.refresh()
  assert.equal(warnings.length, 1)
})

test('a type that says nothing known is told, and read by the names in its records', async t => {
  const { warnings, log } = recordingLog()
  const path = mmdbFile(mmdbDirectory(t), 'own', {
    type: 'Our-Networks',
    networks: { '203.0.113.0/24': { autonomous_system_number: whole(64500), isp: 'Ours' } },
  })
  const geo = await openGeoDatabases([path], log)
  assert.match(warnings[0]!, /"Our-Networks", which is none of City/)
  const { columns, enrichments } = geo.enrich('203.0.113.0')
  assert.deepEqual([columns.srcASNumber, columns.srcISP], [64500, 'Ours'])
  assert.deepEqual([enrichments[0]!.name, enrichments[0]!.provider], ['geo', ''])
})

test('any string as an address is taken without an error', async t => {
  const directory = mmdbDirectory(t)
  const geo = await openGeoDatabases(
    [
      mmdbFile(directory, 'city', INVENTED.city),
      mmdbFile(directory, 'v4', { ...INVENTED.asn, networks: { '0.0.0.0/1': { asn: 'AS1' } }, ipVersion: 4 }),
    ],
    silentLogger,
  )
  const address = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('__proto__', 'constructor'),
  )
  fc.assert(
    fc.property(address, ip => {
      const { columns, enrichments } = geo.enrich(ip)
      assert.equal(Object.keys(columns).length, 9)
      assert.ok(Array.isArray(enrichments))
      assert.equal(geo.enrich(ip).columns, columns)
    }),
  )
})
