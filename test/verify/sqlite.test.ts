import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { decodeValue, encodeValue, singleObjectHeader } from '../../src/event/avro.ts'
import { anchorOf, nextChainHash, sha256 } from '../../src/event/chain.ts'
import { newHead } from '../../src/event/new-head.ts'
import { rebuildLedgerEntry } from '../../src/event/rebuild-records.ts'
import type { AuditRecord } from '../../src/event/records.ts'
import type { KeptAnchor } from '../../src/verify/verify.ts'
import { eventText } from '../support/exports.ts'
import { events, publishedJournal, told } from './published.ts'

/** Tampering with the embedded journal by somebody who has the file, and what `verify` says of it. */

const remove = (where: string) => (database: DatabaseSync) =>
  database.exec(`DELETE FROM entry WHERE ${where}`)

test('a journal that nobody touched has no problem: every anchor agrees', async t => {
  const { verify, ledger, dataDirectory } = await publishedJournal(t, [
    events(1, 30),
    events(1, 30),
    events(1, 50),
  ])
  const [result, ...others] = await verify()
  assert.deepEqual(others, [])
  assert.deepEqual(result!.problems, [])
  assert.deepEqual(result!.notes, [])
  assert.deepEqual(
    [
      result!.organization,
      result!.records,
      result!.firstSequence,
      result!.lastSequence,
      result!.ledgerEntries,
    ],
    ['example', 50, 1, 50, 3],
  )
  assert.equal(anchorOf(result!.lastSequence!, result!.chainHash!), ledger.at(-1)!.anchor)
  // Two of the ledger (the unchanged poll says the same again) and the checkpoint's.
  assert.equal(result!.anchorsAgreeing, 3)
  assert.deepEqual(
    readdirSync(dataDirectory).filter(name => name.startsWith('spool')),
    [],
  )
})

test('dead letters, filtered and oversized records, hostile texts: no problem either', async t => {
  const strange = [
    eventText(1, Date.UTC(2026, 0, 1), { message: 'lone \ud800 surrogate', data: { '\u0000': '\ufffd' } }),
    eventText(2, Date.UTC(2026, 0, 2), { message: 7, author: null, ip: [], token: { deleted: 'no' } }),
    eventText(3, Date.UTC(2026, 0, 3), {
      type: 'not.known',
      data: 'x'.repeat(40_000),
      message: 'y'.repeat(30_000),
    }),
    eventText(4, Date.UTC(2026, 0, 4), { type: 'org.audit_log.export', data: null }),
    `{ "_id" : "e5", "createdAt":"0000-01-01T00:00:00Z","type":"a","data": {"big": 9007199254740993, "z": 1.50 } }`,
    eventText(6, Date.UTC(2026, 0, 6), { type: 'filtered.out' }),
    '"no event"',
    Buffer.concat([Buffer.from('{"_id":"e7","x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
  ]
  const { verify } = await publishedJournal(t, [strange], {
    maxRecordBytes: 12_000,
    accepts: type => type !== 'filtered.out',
  })
  const [result] = await verify()
  assert.deepEqual(result!.problems, [])
  assert.equal(result!.records, 5)
  assert.match(result!.notes.join(), /1 records were too large/)
})

test('a record removed from the middle is a hole, and its event is named by the anchors around it', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 10), events(1, 20)])
  tamper(remove('sequence = 7'))
  const [result] = await verify()
  assert.deepEqual(told(result), ['sequence 8'])
  assert.match(result!.problems[0]!.message, /6 is followed by 8: 7 is missing/)
  assert.match(result!.problems[0]!.position!, /^row \d+$/)
  tamper(remove('sequence IN (8, 9, 15)'))
  assert.deepEqual(told((await verify())[0]), ['sequence 10', 'sequence 16'])
})

test('the last record removed: the checkpoint and the ledger know that it was there', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 10), events(1, 20)])
  tamper(remove('sequence > 18'))
  const [result] = await verify()
  assert.deepEqual(told(result), ['end 20', 'end 20'])
  assert.match(
    result!.problems.map(({ message }) => message).join('\n'),
    /checkpoint knows of sequence 20.*\n.*ledger/s,
  )
  assert.equal(result!.lastSequence, 18)
})

test('all records removed', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 10)])
  tamper(remove('stream = 0'))
  const [result] = await verify()
  assert.deepEqual(told(result), ['end -'])
  assert.deepEqual([result!.records, result!.lastSequence, result!.chainHash], [0, undefined, undefined])
})

test('the first records removed by hand are missing; removed by age they are not', async t => {
  const published = await publishedJournal(t, [events(1, 10), events(1, 20)])
  published.tamper(remove('sequence <= 3'))
  assert.deepEqual(told((await published.verify())[0]), ['beginning 4'])

  const pruned = await publishedJournal(t, [events(1, 10), events(1, 20)])
  assert.ok((await pruned.journal.prune(pruned.ledger[0]!.receivedAt! + 1, false)) > 0)
  const [result] = await pruned.verify()
  assert.deepEqual(result!.problems, [])
  assert.deepEqual([result!.firstSequence, result!.records], [11, 10])
  assert.match(result!.notes.join(), /retention removed the records before sequence 11/)
  assert.match(result!.notes.join(), /unless an anchor of 10 is given/)
})

test('after pruning, an anchor from just before the first record proves that one too', async t => {
  const { verify, journal, ledger, edit } = await publishedJournal(t, [events(1, 10), events(1, 20)])
  await journal.prune(ledger[0]!.receivedAt! + 1, false)
  const anchors: KeptAnchor[] = [
    { organization: 'example', sequence: 10, chainHash: ledger[0]!.chainHash, origin: { kind: 'option' } },
    {
      organization: 'example',
      sequence: 4,
      chainHash: ledger[0]!.chainHash,
      origin: { kind: 'file', line: 3 },
    },
  ]
  const [result] = await verify({ anchors })
  assert.deepEqual(result!.problems, [])
  assert.match(result!.notes.join(), /follows from the anchor of 10.*1 anchors lie before the first record/)
  edit(11, record => {
    record.rawLog = record.rawLog.replace('Invented event', 'Invented EVENT')
    record.message = record.message.replace('Invented event', 'Invented EVENT')
  })
  assert.deepEqual(told((await verify())[0]), [], 'nothing in the journal can tell')
  assert.deepEqual(told((await verify({ anchors }))[0]), ['anchor 10'])
})

test('an edited raw text breaks the chain where it was edited, once', async t => {
  const { verify, edit } = await publishedJournal(t, [events(1, 20)])
  edit(5, record => {
    record.rawLog = record.rawLog.replace('alice-example', 'mallory-example')
  })
  const [result] = await verify()
  assert.deepEqual(told(result), ['columns 5', 'chain 5'])
  assert.match(result!.problems[0]!.message, /^authorUser, actor of sequence 5/)
})

test('an edited raw text with all its columns and its own hash still breaks the chain at the next record', async t => {
  const { verify, edit } = await publishedJournal(t, [events(1, 20)])
  let before: Buffer
  edit(4, record => {
    before = record.chainHash
  })
  edit(5, record => {
    for (const column of ['rawLog', 'message'] as const)
      record[column] = record[column].replace('Invented', 'Forged')
    record.chainHash = nextChainHash(before, sha256(Buffer.from(record.rawLog)))
  })
  assert.deepEqual(told((await verify())[0]), ['chain 6'])
})

test('a trail written anew from some record on agrees with itself, and with no anchor that was kept', async t => {
  const { verify, edit, tamper, ledger } = await publishedJournal(t, [events(1, 10), events(1, 20)])
  let chainHash: Buffer = Buffer.alloc(0)
  edit(4, record => {
    chainHash = record.chainHash
  })
  for (let sequence = 5; sequence <= 20; sequence++) {
    edit(sequence, record => {
      if (sequence === 5) {
        for (const column of ['rawLog', 'message'] as const)
          record[column] = record[column].replace('Invented', 'Forged')
      }
      chainHash = nextChainHash(chainHash, sha256(Buffer.from(record.rawLog)))
      record.chainHash = chainHash
    })
  }
  // The ledger and the checkpoint, in the same file, still know better.
  assert.deepEqual(told((await verify())[0]), ['anchor 10', 'anchor 20', 'anchor 20'])
  tamper(database => {
    database.exec('DELETE FROM entry WHERE stream = 2')
    const { head } = database.prepare('SELECT head FROM organization').get() as { head: string }
    const forged = JSON.stringify({ ...JSON.parse(head), chainHash: chainHash.toString('hex') })
    database.prepare('UPDATE organization SET head = ?').run(forged)
  })
  assert.deepEqual(told((await verify())[0]), [])
  const kept = ledger.map(
    (entry, index): KeptAnchor => ({
      organization: 'example',
      sequence: entry.sequence,
      chainHash: entry.chainHash,
      origin: { kind: 'file', line: index + 1 },
    }),
  )
  const [result] = await verify({ anchors: kept })
  assert.deepEqual(told(result), ['anchor 10', 'anchor 20'])
  assert.match(result!.problems[0]!.message, /written anew/)
})

const EDITS: readonly [column: string, change: (record: AuditRecord) => void][] = [
  [
    'eventName',
    record => {
      record.eventName = 'repo.delete'
    },
  ],
  [
    'eventTime',
    record => {
      record.eventTime += 1
    },
  ],
  [
    'message',
    record => {
      record.message = 'nothing happened'
    },
  ],
  [
    'authorUser',
    record => {
      record.authorUser = 'mallory'
    },
  ],
  [
    'actorIP',
    record => {
      record.actorIP = null
    },
  ],
  [
    'id',
    record => {
      record.id = '00000000-0000-5000-8000-000000000000'
    },
  ],
  [
    'receivedAt',
    record => {
      record.receivedAt -= 1
    },
  ],
  [
    'data',
    record => {
      record.data = '{}'
    },
  ],
  [
    'actor',
    record => {
      record.actor.user = 'mallory'
    },
  ],
  [
    'actor',
    record => {
      record.actor.extra = 'mallory'
    },
  ],
  [
    'tokenDeleted',
    record => {
      record.tokenDeleted = true
    },
  ],
  [
    'auditID',
    record => {
      record.auditID = 'another'
    },
  ],
  [
    'dstIP',
    record => {
      record.dstIP = '192.0.2.9'
    },
  ],
  [
    'sourceID',
    record => {
      record.sourceID = 'no uuid'
    },
  ],
]
for (const [column, change] of EDITS) {
  test(`an edited ${column} with an untouched raw text is found`, async t => {
    const { verify, edit } = await publishedJournal(t, [events(1, 5)])
    edit(3, change)
    const [result] = await verify()
    assert.equal(result!.problems[0]?.kind, 'columns')
    assert.ok(
      result!.problems[0]!.message.startsWith(`${column} of sequence 3 is`),
      result!.problems[0]!.message,
    )
  })
}

test('an edited severity is no proof of tampering, since releases may differ, but is told', async t => {
  const { verify, edit } = await publishedJournal(t, [events(1, 5)])
  edit(3, record => {
    record.severity = 'ERROR'
  })
  const [result] = await verify()
  assert.deepEqual(result!.problems, [])
  assert.match(result!.notes.join(), /1 records have columns that this release's catalogue.*severity/)
})

test('two records swapped', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 20)])
  tamper(database => {
    const rows = database
      .prepare('SELECT position, value FROM entry WHERE sequence IN (5, 6) ORDER BY sequence')
      .all()
    const update = database.prepare('UPDATE entry SET value = ? WHERE position = ?')
    update.run(rows[1]!.value!, rows[0]!.position!)
    update.run(rows[0]!.value!, rows[1]!.position!)
  })
  const [result] = await verify()
  assert.deepEqual(told(result), ['columns 6', 'columns 5', 'sequence 6'])
  assert.equal(result!.lastSequence, 20)
})

test('a record inserted, with a sequence of its own or that of another', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 20)])
  const insert = (
    database: DatabaseSync,
    position: number,
    from: number,
    change: (record: AuditRecord) => void,
  ) => {
    const row = database.prepare('SELECT * FROM entry WHERE sequence = ?').get(from)!
    const record = decodeValue('events', Buffer.from(row.value as Uint8Array))
    change(record)
    const value = encodeValue('events', singleObjectHeader('events'), record)
    database
      .prepare(
        'INSERT INTO entry (position, organization, stream, timestamp_ms, sequence, value) VALUES (?, ?, 0, ?, ?, ?)',
      )
      .run(position, row.organization!, row.timestamp_ms!, record.sequence, value)
  }
  tamper(database => {
    // Before everything, where no position was ever given.
    insert(database, -5, 20, record => {
      record.sequence = 1_000
      record.eventID = record.auditID = 'forged'
    })
  })
  const [result] = await verify()
  assert.ok(result!.problems.some(({ kind, position }) => kind === 'columns' && position === 'row -5'))
  assert.ok(result!.problems.some(({ kind }) => kind === 'sequence'))
  assert.equal(result!.lastSequence, 20)
})

test('the same event at two sequences', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 20)])
  tamper(database => {
    const rows = database
      .prepare('SELECT value FROM entry WHERE sequence IN (19, 20) ORDER BY sequence')
      .all()
    const [before, last] = rows.map(row => decodeValue('events', Buffer.from(row.value as Uint8Array)))
    const copy = {
      ...before!,
      sequence: 21,
      chainHash: nextChainHash(last!.chainHash, sha256(Buffer.from(before!.rawLog))),
    }
    database
      .prepare(
        'INSERT INTO entry (organization, stream, timestamp_ms, sequence, value) VALUES (1, 0, ?, 21, ?)',
      )
      .run(copy.receivedAt, encodeValue('events', singleObjectHeader('events'), copy))
  })
  const [result] = await verify()
  assert.deepEqual(told(result), ['order 21', 'end 21', 'duplicate 21'])
  assert.match(result!.problems[2]!.message, /at sequence 19 .* and again at 21/)
})

test('rows that are no values of ours are problems with their position, never a crash', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 5), ['"poison"']])
  tamper(database => {
    const set = database.prepare('UPDATE entry SET value = ?, stream = ? WHERE position = ?')
    const value = (
      database.prepare('SELECT value FROM entry WHERE sequence = 3').get() as { value: Uint8Array }
    ).value
    set.run(Buffer.alloc(0), 0, 2)
    set.run(Buffer.from('garbage'), 0, 3)
    set.run(Buffer.concat([Buffer.from('c301ffffffffffffffff', 'hex'), value.subarray(10)]), 0, 4)
    set.run(value, 9, 5)
    database.exec('UPDATE entry SET organization = 77 WHERE position = 1')
    database.exec("UPDATE entry SET value = x'00000000010203' WHERE stream = 3")
  })
  const results = await verify()
  const [ours, nobody] = results
  assert.deepEqual(
    ours!.problems.filter(({ kind }) => kind === 'unreadable').map(({ position }) => position),
    ['row 2', 'row 3', 'row 4', 'row 5', 'row 7'],
  )
  assert.equal(nobody!.organization, undefined)
  assert.deepEqual(told(nobody), ['key -'])
})

test('a ledger entry and a dead letter that were edited', async t => {
  const { verify, tamper } = await publishedJournal(t, [[...events(1, 5), '"poison"']])
  tamper(database => {
    for (const [code, stream] of [
      [2, 'ledger'],
      [3, 'dead-letters'],
    ] as const) {
      const row = database.prepare('SELECT position, value FROM entry WHERE stream = ?').get(code)!
      const record = decodeValue(stream, Buffer.from(row.value as Uint8Array))
      if ('fetched' in record) record.fetched += 1
      else record.bytes = Buffer.from('"harmless"'.slice(0, record.length))
      const value = encodeValue(stream, singleObjectHeader(stream), record)
      database.prepare('UPDATE entry SET value = ? WHERE position = ?').run(value, row.position!)
    }
  })
  assert.deepEqual(told((await verify())[0]).toSorted(), ['dead-letter -', 'ledger -'])
})

test('a checkpoint that is gone, unreadable or set back', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 5), events(1, 9)])
  tamper(database => {
    const { head } = database.prepare('SELECT head FROM organization').get() as { head: string }
    const record = decodeValue(
      'events',
      Buffer.from(database.prepare('SELECT value FROM entry WHERE sequence = 5').get()!.value as Uint8Array),
    )
    const back = { ...JSON.parse(head), sequence: 5, chainHash: record.chainHash.toString('hex') }
    database.prepare('UPDATE organization SET head = ?').run(JSON.stringify(back))
  })
  assert.deepEqual(told((await verify())[0]), ['end 9'])
  tamper(database => database.exec("UPDATE organization SET head = '{}'"))
  assert.deepEqual(told((await verify())[0]), ['checkpoint -'])
  tamper(database => database.exec('UPDATE organization SET head = NULL'))
  assert.deepEqual(told((await verify())[0]), ['checkpoint -'])
})

test('an anchor beyond the end, one of an organization that is not there, and one that does not agree', async t => {
  const { verify, ledger } = await publishedJournal(t, [events(1, 5)])
  const { chainHash } = ledger[0]!
  const at = (organization: string, sequence: number, hash: Buffer): KeptAnchor => ({
    organization,
    sequence,
    chainHash: hash,
    origin: { kind: 'option' },
  })
  const anchors = [
    at('example', 5, chainHash),
    at('example', 6, chainHash),
    at('example', 3, chainHash),
    at('other', 2, chainHash),
  ]
  const results = await verify({ anchors })
  assert.deepEqual(
    results.map(told).map(list => list.toSorted()),
    [['anchor 3', 'end 6'], ['end 2']],
  )
})

test('an organization that the journal does not hold is a mistake, not a clean result', async t => {
  const { verify } = await publishedJournal(t, [events(1, 5)])
  await assert.rejects(verify({ organization: 'exmaple' }), {
    code: 'CONFIG_INVALID',
    message: /holds nothing of "exmaple"; it holds example/,
  })
})

test('records of another Hub than any that is known', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 5)])
  tamper(database => {
    database.exec('DELETE FROM entry WHERE stream = 2')
    const { head } = database.prepare('SELECT head FROM organization').get() as { head: string }
    database
      .prepare('UPDATE organization SET head = ?')
      .run(JSON.stringify({ ...JSON.parse(head), endpoint: 'https://other.example' }))
  })
  assert.deepEqual(told((await verify())[0]), [], 'the configured Hub is known')
  assert.deepEqual(told((await verify({ endpoint: 'https://third.example' }))[0]), ['source 1'])
})

test('of many problems of a kind the first are kept and all are counted', async t => {
  const { verify, tamper } = await publishedJournal(t, [events(1, 200)])
  tamper(remove('sequence % 2 = 0'))
  const [result] = await verify({ problemLimit: 3 })
  assert.equal(result!.problems.filter(({ kind }) => kind === 'sequence').length, 3)
  assert.equal(result!.problemCounts.get('sequence'), 99)
})

test('pruning while the journal is read leaves no hole', async t => {
  const { verify, journal, ledger } = await publishedJournal(t, [
    events(1, 600),
    events(1, 1_200),
    events(1, 1_300),
  ])
  let pruned = 0
  const [result] = await verify({
    onEvent: record => {
      if (record.sequence === 100) {
        // In the middle of the first page: the next ones are read from what is left.
        pruned = 1
        void journal.prune(ledger[1]!.receivedAt! + 1, false)
      }
    },
  })
  assert.equal(pruned, 1)
  assert.deepEqual(result!.problems, [])
  assert.equal(result!.lastSequence, 1_300)
})

test('a writer beside it is no problem: what comes while the journal is read is there or not, whole', async t => {
  const { verify, publish } = await publishedJournal(t, [events(1, 1_000)])
  let publishing: Promise<unknown> | undefined
  const [result] = await verify({
    onEvent: record => {
      if (record.sequence === 10) publishing = publish(events(1, 1_500))
    },
  })
  await publishing
  assert.deepEqual(result!.problems, [])
  assert.ok(result!.records >= 1_000)
})

test('an anchor without an organization is of the only one; where there are several it must be said', async t => {
  const { verify, ledger, tamper } = await publishedJournal(t, [events(1, 5)])
  const { sequence, chainHash } = ledger[0]!
  const anchors: KeptAnchor[] = [{ organization: undefined, sequence, chainHash, origin: { kind: 'option' } }]
  assert.equal((await verify({ anchors }))[0]!.anchorsAgreeing, 3)
  tamper(database => database.exec("INSERT INTO organization (identity) VALUES ('another')"))
  await assert.rejects(verify({ anchors }), {
    code: 'CONFIG_INVALID',
    message: /--organization.*example, another/,
  })
  assert.equal((await verify({ anchors, organization: 'example' }))[0]!.anchorsAgreeing, 3)
})

test('a trail cut short that an operator accepted: the ledger of what is lost is a note, what comes then is checked', async t => {
  const { verify, publish, tamper, journal } = await publishedJournal(t, [events(1, 10), events(1, 20)])
  tamper(remove('sequence > 15'))
  assert.deepEqual(told((await verify())[0]), ['end 20', 'end 20'])
  await journal.close()
  tamper(database => {
    const row = database.prepare('SELECT value FROM entry WHERE sequence = 15').get()!
    const { chainHash } = decodeValue('events', Buffer.from(row.value as Uint8Array))
    const { head } = database.prepare('SELECT head FROM organization').get() as { head: string }
    const accepted = { ...JSON.parse(head), sequence: 15, chainHash: chainHash.toString('hex') }
    database.prepare('UPDATE organization SET head = ?').run(JSON.stringify(accepted))
    database.exec('DELETE FROM seen')
    const organization = { name: 'example', identity: 'example', endpoint: 'http://127.0.0.1:1' }
    const newest = { ...newHead(organization), sequence: 15, chainHash }
    const entry = rebuildLedgerEntry(organization, newest, { startedAtMs: 1, finishedAtMs: 2, findings: 1 })
    database
      .prepare('INSERT INTO entry (organization, stream, timestamp_ms, value) VALUES (1, 2, 2, ?)')
      .run(encodeValue('ledger', singleObjectHeader('ledger'), entry))
  })
  await journal.open(new AbortController().signal)
  await publish(events(116, 10))
  const [result] = await verify()
  assert.deepEqual(told(result), [])
  assert.deepEqual([result!.lastSequence, result!.anchorsAgreeing], [25, 4])
  assert.match(result!.notes.join(), /1 anchors of the ledger are of records that were lost/)
})

test('the first record is held against the source that the chain begins with', async t => {
  const { verify, edit } = await publishedJournal(t, [events(1, 5)])
  edit(1, record => {
    for (const column of ['rawLog', 'message'] as const)
      record[column] = record[column].replace('Invented', 'Forged')
  })
  assert.deepEqual(told((await verify())[0]), ['chain 1'])
})

test('bytes that only read like the text that was published', async t => {
  const withMark = eventText(1, Date.UTC(2026, 0, 1), { message: 'replacement \ufffd character' })
  const { verify, tamper } = await publishedJournal(t, [[withMark]])
  assert.deepEqual(told((await verify())[0]), [])
  tamper(database => {
    const row = database.prepare('SELECT value FROM entry WHERE sequence = 1').get()!
    const value = Buffer.from(row.value as Uint8Array)
    // A character of four bytes that ends after three: decoders make one U+FFFD of it.
    for (let at = value.indexOf('\ufffd'); at >= 0; at = value.indexOf('\ufffd'))
      value.set([0xf0, 0x9f, 0x98], at)
    database.prepare('UPDATE entry SET value = ? WHERE sequence = 1').run(value)
  })
  const [result] = await verify()
  assert.deepEqual(told(result), ['columns 1'])
  assert.match(result!.problems[0]!.message, /^rawLog of sequence 1/)
})
