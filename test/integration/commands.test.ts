import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { journalRows } from '../support/data-directory.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { readTrail } from '../support/trail.ts'

/** The command line as a person meets it: wrong usage, `tail` and `import`. */

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hf-audit-commands-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const lines = (text: string): string[] => text.split('\n').filter(line => line !== '')

suite('wrong usage', { concurrency: 3 }, () => {
  const wrong: readonly [parameters: string[], words: RegExp][] = [
    [[], /Usage: hf-audit/],
    [['rnu'], /unknown command 'rnu'[\s\S]*Did you mean run/],
    [['run', '--onec'], /unknown option '--onec'[\s\S]*Did you mean --once/],
    [['run', 'acme'], /too many arguments/],
    [['run', '--timeout', '5'], /allowed is a number with a unit/],
    [['tail', '--stream', 'evnts'], /Allowed choices are events, findings, dead-letters, ledger/],
    [['tail', '--limit', '-1'], /whole number/],
    [['import'], /--organization/],
    [['import', '--organization', 'acme'], /missing required argument 'file'/],
    [['simulate', '--port', '99999'], /65535/],
    [['simulate', '--order', 'random'], /newest-first/],
  ]
  for (const [parameters, words] of wrong) {
    test(`hf-audit ${parameters.join(' ')}: exit 2`, async () => {
      const { code, stdout, stderr } = await runHfAudit(parameters, {})
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, words)
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack')
    })
  }

  test('help and version are no failure', async () => {
    for (const parameters of [['--help'], ['run', '--help'], ['help', 'tail'], ['--version']]) {
      const { code, stdout, stderr } = await runHfAudit(parameters, {})
      assert.deepEqual([code, stderr], [0, ''])
      assert.notEqual(stdout, '')
    }
  })

  test('a configuration with mistakes: all at once, with the near miss, exit 2', async () => {
    const { code, stderr } = await runHfAudit(['run'], {
      HF_AUDIT_ORGANISATIONS: 'acme',
      HF_AUDIT_POLL_INTERVAL: '5',
      HF_ENDPOINT: 'ftp://hub.example',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    })
    assert.equal(code, 2)
    for (const words of [
      'HF_AUDIT_ORGANIZATIONS is not set',
      'HF_AUDIT_ORGANISATIONS is not a variable of this version and is ignored; did you mean "HF_AUDIT_ORGANIZATIONS"?',
      'HF_AUDIT_POLL_INTERVAL is "5"',
      'HF_ENDPOINT is "ftp://hub.example"',
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"',
    ])
      assert.ok(stderr.includes(words), `${words} is not in ${stderr}`)
  })

  test('no token: exit 2 before anything is connected or made, and all places are named', async t => {
    const { hub, environment } = await simulatedHub(t, { events: 1 })
    const directory = join(folder(t), 'data')
    const without: Record<string, string> = { ...environment, HF_TOKEN: '', HF_AUDIT_DATA_DIR: directory }
    for (const parameters of [['run'], ['run', '--once']]) {
      const { code, stderr } = await runHfAudit(parameters, without)
      assert.equal(code, 2, stderr)
      assert.match(stderr, /No Hub token was found\. Looked at HF_TOKEN, .*Set HF_TOKEN/)
    }
    const config = join(folder(t), 'c.yaml')
    writeFileSync(
      config,
      `organizations:\n${['a', 'b'].map(name => `  - {name: ${name}, tokenFile: /none/${name}}\n`).join('')}`,
    )
    const { code, stderr } = await runHfAudit(['run', '--config', config], {
      ...without,
      HF_AUDIT_ORGANIZATIONS: '',
    })
    assert.equal(code, 2)
    assert.match(stderr, /organization a names \/none\/a[\s\S]*organization b names \/none\/b/)
    assert.equal(hub.state().requests.total, 0)
    assert.ok(!existsSync(directory))
  })
})

suite('tail', { concurrency: 3 }, () => {
  test('where there is no journal: exit 4, says what makes one, and makes nothing itself', async t => {
    const directory = folder(t)
    for (const HF_AUDIT_DATA_DIR of [directory, join(directory, 'none')]) {
      const { code, stdout, stderr } = await runHfAudit(['tail'], { HF_AUDIT_DATA_DIR })
      assert.deepEqual([code, stdout], [4, ''])
      assert.match(stderr, /there is no journal here yet; `hf-audit run` makes it \(HF_AUDIT_DATA_DIR/)
    }
    assert.deepEqual(readdirSync(directory), [])
  })

  test('every stream, plain and as JSON, of all organizations or one, with a limit', async t => {
    const names = [organization, 'second-example']
    const { hub, environment: base } = await simulatedHub(t, {
      events: 30,
      organizations: names,
      prepared: false,
    })
    const environment = { ...base, HF_AUDIT_ORGANIZATIONS: names.join(',') }
    hub.fault({ kind: 'poison', poison: ['number', 'id-missing'], organization })
    assert.equal((await pollOnce(environment)).code, 0)
    hub.fault({ kind: 'change', events: 3, organization })
    assert.equal((await pollOnce(environment)).code, 0)

    const tail = async (...parameters: string[]): Promise<string[]> => {
      const { code, stdout, stderr } = await runHfAudit(['tail', '--no-follow', ...parameters], environment)
      assert.deepEqual([code, stderr], [0, ''])
      return lines(stdout)
    }
    const all = ['--from-beginning']
    const expected = { events: 60, ledger: 4, findings: 1, 'dead-letters': 2 }
    for (const [stream, count] of Object.entries(expected)) {
      const plain = await tail(...all, '--stream', stream)
      assert.equal(plain.length, count, stream)
      const json = (await tail(...all, '--stream', stream, '--json')).map(
        line => JSON.parse(line) as Record<string, unknown>,
      )
      assert.equal(json.length, count, stream)
      assert.ok(json.every(record => names.includes(String(record.organization))))
      for (const time of ['eventTime', 'receivedAt', 'foundAt', 'finishedAt'])
        for (const record of json) if (record[time] != null) assert.match(String(record[time]), /^\d{4}-.*Z$/)
    }
    assert.equal((await tail(...all, '--organization', 'second-example')).length, 30)
    assert.equal((await tail(...all, '--limit', '7')).length, 7)
    assert.equal((await tail(...all, '--limit', '0')).length, 0)
    assert.equal((await tail()).length, 0, 'from the end')
  })

  test('follows a running run, ends at its limit, at SIGTERM, and when its reader has enough', async t => {
    const { hub, environment: base } = await simulatedHub(t, { events: 2_000, prepared: false })
    const environment = { ...base, HF_AUDIT_POLL_INTERVAL: '1s' }
    const running = startHfAudit(['run'], environment)
    t.after(() => running.kill('SIGKILL'))
    await running.logLine(line => line.msg === 'polled')

    const following = startHfAudit(['tail', '--json'], environment)
    const limited = startHfAudit(['tail', '--limit', '4', '--json'], environment)
    const fromStart = startHfAudit(['tail', '--from-beginning'], environment)
    for (const tail of [following, limited, fromStart]) t.after(() => tail.kill('SIGKILL'))
    await until('the whole log', () => lines(fromStart.stdout()).length === 2_000)
    // The other two began before it, or nearly: events come until they have seen some.
    const appended: string[] = []
    await until(
      'what is new',
      () => {
        appended.push(...hub.append({ events: 2 }))
        return lines(following.stdout()).length >= 5 && lines(limited.stdout()).length >= 4
      },
      1_000,
    )
    assert.equal(await limited.ended, 0)
    assert.equal(lines(limited.stdout()).length, 4)
    await until('all of it', () => lines(fromStart.stdout()).length === 2_000 + appended.length)
    const followed = () =>
      lines(following.stdout()).map(line => (JSON.parse(line) as { eventID: string }).eventID)
    await until('the last ones', () => appended.slice(-2).every(id => followed().includes(id)))
    const ids = followed()
    // Events of one instant are in the order of their ids.
    assert.deepEqual(ids.toSorted(), appended.slice(-ids.length).toSorted())
    for (const tail of [following, fromStart]) {
      tail.kill('SIGTERM')
      assert.equal(await tail.ended, 0)
      assert.equal(tail.stderr(), '')
    }

    // As `| head -1` does it.
    const closed = startHfAudit(['tail', '--from-beginning', '--json'], environment)
    closed.child.stdout!.once('data', () => closed.child.stdout!.destroy())
    assert.equal(await closed.ended, 0)
    assert.equal(JSON.parse(lines(closed.stdout())[0]!).sequence, 1)
    assert.equal(closed.stderr(), '')
    running.kill('SIGTERM')
    assert.equal(await running.ended, 0)
  })
})

suite('import', { concurrency: 3 }, () => {
  test('a saved export, plain and compressed: what is new is published, the ledger says IMPORT', async t => {
    const { hub, environment } = await simulatedHub(t, { events: 200, prepared: false })
    const directory = folder(t)
    const older = Array.from({ length: 200 }, (_, i) => hub.element(i + 1))
    const save = (name: string, elements: readonly Buffer[], compress = false): string => {
      const body = Buffer.from(`[${elements.join(',\n')}]`)
      writeFileSync(join(directory, name), compress ? gzipSync(body) : body)
      return join(directory, name)
    }
    // What was saved before the connector ran, and what the Hub has forgotten since.
    const plain = save('saved.json', older.slice(0, 120))
    const compressed = save('saved.json.gz', older, true)
    const run = (path: string) => runHfAudit(['import', path, '--organization', organization], environment)

    const first = await run(plain)
    assert.equal(first.code, 0, first.stderr)
    const ledger = first.logLines.find(line => line.msg === 'polled')
    assert.deepEqual([ledger?.kind, ledger?.published], ['IMPORT', 120])
    assert.equal((await run(compressed)).logLines[0]?.published, 80)
    const again = await run(plain)
    assert.deepEqual([again.code, again.logLines[0]?.published, again.logLines[0]?.findings], [0, 0, 0])
    assert.equal((await pollOnce(environment)).ledger?.published, 0, 'a poll knows what was imported')
    const trail = await readTrail(environment, organization)
    assert.deepEqual([trail.problem, trail.records, trail.distinctEventIds], [undefined, 200, 200])
    const { stdout } = await runHfAudit(
      ['tail', '--stream', 'ledger', '--from-beginning', '--no-follow', '--json'],
      environment,
    )
    assert.deepEqual(
      lines(stdout).map(line => (JSON.parse(line) as { kind: string }).kind),
      ['IMPORT', 'IMPORT', 'IMPORT', 'POLL'],
    )
  })

  test('stopped in the middle: exit 1, says what to do, and the same command publishes the rest', async t => {
    const { hub, environment } = await simulatedHub(t, { events: 30_000 })
    const path = join(folder(t), 'saved.json')
    writeFileSync(path, `[${Array.from({ length: 30_000 }, (_, i) => hub.element(i + 1)).join(',')}]`)
    const parameters = ['import', path, '--organization', organization]
    const stopped = startHfAudit(parameters, environment)
    t.after(() => stopped.kill('SIGKILL'))
    await until('the first rows', () => journalRows(environment.HF_AUDIT_DATA_DIR!) > 0, 5)
    stopped.kill('SIGTERM')
    assert.equal(await stopped.ended, 1)
    assert.match(
      stopped.stderr(),
      /was stopped\. What it had published stays; the same command publishes the rest/,
    )
    assert.equal((await runHfAudit(parameters, environment)).code, 0)
    const trail = await readTrail(environment, organization)
    assert.deepEqual([trail.problem, trail.records, trail.distinctEventIds], [undefined, 30_000, 30_000])
  })

  test('what is no export, no file, or of nobody: exit 2, says which, publishes nothing', async t => {
    const { environment } = await simulatedHub(t, { events: 1 })
    const directory = folder(t)
    const save = (name: string, body: string | Buffer): string => {
      writeFileSync(join(directory, name), body)
      return join(directory, name)
    }
    mkdirSync(join(directory, 'folder'))
    const body = JSON.stringify([{ _id: 'a', type: 'repo.create', createdAt: '2026-01-01T00:00:00Z' }])
    const wrong: readonly [path: string, words: RegExp][] = [
      [save('cut.json', body.slice(0, -1)), /cut\.json: .*Nothing was published.*save it again/],
      [save('cut.json.gz', gzipSync(body).subarray(0, -4)), /cut\.json\.gz: .*Nothing was published/],
      [save('object.json', '{"error":"Unauthorized"}'), /object\.json: .*Nothing was published/],
      [save('empty.json', ''), /empty\.json: .*Nothing was published/],
      [join(directory, 'none.json'), /none\.json cannot be read: ENOENT/],
      [join(directory, 'folder'), /it is a directory/],
    ]
    for (const [path, words] of wrong) {
      const { code, stderr } = await runHfAudit(['import', path, '--organization', organization], environment)
      assert.equal(code, 2, stderr)
      assert.match(stderr, words)
    }
    const good = save('good.json', body)
    const misspelt = await runHfAudit(['import', good, '--organization', 'exampel-org'], environment)
    assert.equal(misspelt.code, 2)
    assert.match(
      misspelt.stderr,
      /"exampel-org", which is not among the configured ones.*did you mean "example-org"/,
    )
    const { HF_AUDIT_ORGANIZATIONS: _, ...unlisted } = environment
    const nobody = await runHfAudit(['import', good, '--organization', '../x'], unlisted)
    assert.equal(nobody.code, 2)
    assert.match(nobody.stderr, /"\.\.\/x"; allowed are/)
    assert.equal((await readTrail(environment, organization)).records, 0)
    const taken = await runHfAudit(['import', good, '--organization', 'anyone-example'], unlisted)
    assert.deepEqual([taken.code, taken.logLines[0]?.published], [0, 1], taken.stderr)
  })
})
