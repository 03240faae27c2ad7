import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createSimulator } from '../src/simulator/simulator.ts'
import { decodeExportRequest } from '../test/otlp/support/decode.ts'
import { runHfAudit, startHfAudit } from '../test/support/child-process.ts'

/**
 * The main job, told in plain words: a simulated Hub, the embedded journal and an OTLP receiver, all on this machine.
 * Every step runs the real `hf-audit` command; what is printed is counted from the journal and by the receiver.
 */

const organization = 'example-org'
const folder = mkdtempSync(join(tmpdir(), 'hf-audit-demo-'))
const hub = createSimulator({ organizations: [organization], events: 500 })
const receiver = await startReceiver()
const { url } = await hub.start()
const environment = {
  HF_ENDPOINT: url,
  HF_TOKEN: 'hf_simulated',
  HF_AUDIT_ORGANIZATIONS: organization,
  HF_AUDIT_DATA_DIR: folder,
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
}

try {
  say(
    `A simulated Hub runs at ${url}, an OTLP receiver at ${receiver.url}; the journal is a SQLite file in ${folder}.`,
  )

  step('1. The first poll')
  await poll()
  tell('All 500 events of the log are in the journal, in order, and at the receiver.')

  step('2. The same again')
  await poll()
  tell('Nothing was new, so nothing was published. The Hub has no cursor: the connector knows by the ids.')

  step('3. Ten new events, three of them with an old date; and the download breaks off the first time')
  hub.append({ events: 7 })
  hub.append({ events: 3, createdAt: '2020-01-01T00:00:00Z' })
  hub.fault({ kind: 'truncate', afterBytes: 200_000, times: 1 })
  await poll()
  tell('A broken download publishes nothing; the next try found exactly the ten, also the late ones.')

  step('4. The receiver is down while 1,000 events arrive')
  receiver.setDown(true)
  hub.append({ events: 1_000 })
  const running = startHfAudit(['run'], environment)
  await running.logLine(line => line.msg === 'polled' && line.published === 1_000)
  tell('The journal has them at once; an outage of the collector does not hold up the poller.')
  receiver.setDown(false)
  await until(() => receiver.records() >= 1_510)
  running.kill('SIGTERM')
  tell(
    `The receiver is back: it now has ${receiver.records()} records. The connector was stopped with SIGTERM: exit ${await running.ended}.`,
  )

  step('5. 40,000 events arrive, and the connector is killed in the middle of publishing them')
  hub.append({ events: 40_000 })
  const killed = startHfAudit(['run'], environment)
  await until(async () => (await trail()).records > 1_510, 5)
  killed.kill('SIGKILL')
  await killed.ended
  tell(`Killed with ${(await trail()).records} of 41,510 records in the journal.`)
  await poll()

  step('What is in the journal now, and at the receiver')
  const { records, distinct, holes } = await trail()
  say(
    `  journal:  ${records} records, ${distinct} distinct ids, ${holes} holes in the sequence 1 to ${records}`,
  )
  say(
    `  receiver: ${receiver.distinct()} distinct ids in ${receiver.records()} records (at least once: equal ids are the same event)`,
  )
  const good = records === 41_510 && distinct === records && holes === 0 && receiver.distinct() === records
  say(
    good ? '\nNothing was lost and nothing was doubled.' : '\nThis is not what should be: please report it.',
  )
  if (!good) process.exitCode = 1
  say('\nNext: `npx hf-audit simulate` and `npx hf-audit run` by hand, or `npm run stack` for a real Kafka.')
} finally {
  await hub.stop()
  await receiver.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** One `hf-audit run --once`; prints the sums of its ledger entry. */
async function poll(): Promise<void> {
  const { code, logLines, stderr } = await runHfAudit(['run', '--once'], environment)
  for (const line of logLines) {
    if (line.level === 'warn') say(`  the connector says: ${line.msg}`)
    if (line.msg !== 'polled') continue
    say(
      `  $ hf-audit run --once  →  fetched ${line.fetched} = ${line.published} published + ${line.alreadySeen} seen before`,
    )
  }
  if (code !== 0) throw new Error(`hf-audit run --once ended with ${code}:\n${stderr}`)
}

/** Counts the journal through `hf-audit tail`, as any reader would. */
async function trail(): Promise<{ records: number; distinct: number; holes: number }> {
  const { stdout } = await runHfAudit(['tail', '--from-beginning', '--no-follow', '--json'], environment)
  const lines = stdout.split('\n').filter(line => line !== '')
  const records = lines.map(line => JSON.parse(line) as { id: string; sequence: number })
  const holes = records.filter((record, index) => record.sequence !== index + 1).length
  return { records: records.length, distinct: new Set(records.map(record => record.id)).size, holes }
}

/** A small OTLP receiver: counts log records and their ids. While it is down it answers 503, as an overloaded one does. */
async function startReceiver() {
  const seen = new Set<string>()
  let records = 0
  let down = false
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (down) {
      response.writeHead(503, { 'retry-after': '1' }).end()
      return
    }
    const body = Buffer.concat(chunks)
    const decoded = decodeExportRequest(
      request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body,
    )
    for (const record of decoded.records) {
      if (!record.eventName.startsWith('huggingface.audit.')) continue
      const uid = record.attributes.get('log.record.uid')
      if (uid !== undefined && 'string' in uid) seen.add(uid.string)
      records += 1
    }
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records: () => records,
    distinct: () => seen.size,
    setDown(isDown: boolean) {
      down = isDown
    },
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function until(holds: () => boolean | Promise<boolean>, everyMs = 50): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('waited for two minutes in vain')
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

function step(title: string): void {
  say(`\n${title}`)
}

function tell(words: string): void {
  say(`  ${words}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
