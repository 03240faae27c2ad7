/** One small change that takes a guarantee away, and the tests that must notice. */
export interface Break {
  readonly name: string
  readonly invariant: string
  readonly edits: readonly Edit[]
  /** Test files; `only`: of these the tests whose names hold one of the texts. */
  readonly tests: readonly string[]
  readonly only?: readonly string[]
  readonly needsServer?: boolean
}

interface Edit {
  readonly file: string
  /** Stands exactly once in the file. */
  readonly from: string
  readonly to: string
}

const edit = (file: string, from: string, to: string): Edit => ({ file, from, to })

const POLLER = ['test/poller.test.ts', 'test/event/findings.test.ts']
const MODEL = ['test/findings/model.test.ts']
const KAFKA = ['test/kafka/contract.test.ts']
const SQLITE = ['test/sqlite/contract.test.ts']
const SQLITE_CRASH = ['test/sqlite/crash-points.test.ts']
const KAFKA_CRASH = ['test/kafka/crash-points.test.ts']
const EXACTLY_ONCE = ['test/kafka/exactly-once.test.ts']

export const breaks: readonly Break[] = [
  // ── 1. No loss ────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'the last new event of a poll is left out',
    invariant: '1 no loss',
    edits: [edit('src/batches.ts', 'rank < fresh.count; rank++', 'rank < fresh.count - 1; rank++')],
    tests: POLLER,
  },
  {
    name: 'a poll that is cut off is not marked open',
    invariant: '1 no loss',
    edits: [
      edit(
        'src/batches.ts',
        "kind === 'IMPORT' || nextCreatedAtMs === null",
        "kind === 'IMPORT' || nextCreatedAtMs === null || earlier === null",
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'a lagging replica closes the poll that was cut off',
    invariant: '1 no loss',
    edits: [edit('src/event/open-poll.ts', 'isLost ? null : openPoll }', 'null }')],
    tests: POLLER,
  },

  // ── 2. No duplicate ───────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'ids of published events are not remembered',
    invariant: '2 no duplicate',
    edits: [edit('src/batches.ts', '    this.#put.push(entry)\n    if', '    if')],
    tests: POLLER,
  },
  {
    name: 'checkpoint outside of the transaction (Kafka)',
    invariant: '2 no duplicate',
    edits: [
      edit(
        'src/kafka/transaction.ts',
        'const transaction = await producer',
        'let transaction = await producer',
      ),
      edit(
        'src/kafka/transaction.ts',
        '  await send(finish(lastOffsets))\n',
        '  await transaction.commit()\n  transaction = await producer.transaction()\n  await send(finish(lastOffsets))\n',
      ),
    ],
    tests: KAFKA_CRASH,
    only: ['in commit'],
    needsServer: true,
  },
  {
    name: 'checkpoint outside of the transaction (SQLite)',
    invariant: '2 no duplicate',
    edits: [
      edit(
        'src/sqlite/batch.ts',
        'write: batch => inTransaction(database, () => write(batch))',
        'write: batch => write(batch)',
      ),
    ],
    tests: SQLITE_CRASH,
  },
  {
    name: 'the same producer is used again after a failed send',
    invariant: '2 no duplicate',
    edits: [edit('src/kafka/shard.ts', '          if (term === current) discard()\n', '')],
    tests: EXACTLY_ONCE,
    only: ['a lost response', 'a second producer'],
    needsServer: true,
  },
  {
    name: 'the answer to a send is not checked',
    invariant: '2 no duplicate',
    edits: [edit('src/kafka/transaction.ts', '    !follows\n', '    false\n')],
    tests: ['test/kafka/transaction.test.ts'],
  },
  {
    name: 'the predecessor is not fenced before the checkpoint is read',
    invariant: '2 no duplicate',
    edits: [
      edit(
        'src/kafka/client.ts',
        '    const transaction = await producer.transaction()\n    await transaction.abort()\n    return producer\n',
        '    return producer\n',
      ),
    ],
    tests: EXACTLY_ONCE,
    only: ['has fenced the writer before'],
    needsServer: true,
  },
  {
    name: 'terms are ignored (Kafka)',
    invariant: '2 no duplicate',
    edits: [edit('src/kafka/shard.ts', 'current?.number !== batch.term ||', 'current === undefined ||')],
    tests: KAFKA,
    only: ['every reading opens a new term'],
    needsServer: true,
  },
  {
    name: 'terms are ignored (SQLite)',
    invariant: '2 no duplicate',
    edits: [edit('src/sqlite/journal.ts', 'reading?.term !== batch.term', 'reading === undefined')],
    tests: SQLITE,
  },
  {
    name: 'a batch that does not go on from the head is stored (SQLite)',
    invariant: '2 no duplicate',
    edits: [edit('src/sqlite/batch.ts', '    requirePrevious(batch, stored)\n', '')],
    tests: SQLITE,
  },
  {
    name: 'a batch that does not go on from the head is stored (Kafka)',
    invariant: '2 no duplicate',
    edits: [edit('src/kafka/shard.ts', '          check(batch, checkpoint.head)\n', '')],
    tests: KAFKA,
    only: ['does not go on from the head'],
    needsServer: true,
  },

  // ── 3. Exact difference ───────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'a timestamp cursor instead of ids',
    invariant: '3 exact difference',
    edits: [
      edit(
        'src/event/select.ts',
        '  #fetched = 0\n',
        '  #fetched = 0\n  #cursorMs = Number.NEGATIVE_INFINITY\n',
      ),
      edit(
        'src/event/select.ts',
        '    this.#receivedAtMs = receivedAtMs\n',
        '    this.#receivedAtMs = receivedAtMs\n    this.#cursorMs = checkpoint.head?.newestCreatedAtMs ?? this.#cursorMs\n',
      ),
      edit(
        'src/event/select.ts',
        '    this.#widenNew(event.createdAtMs)\n',
        '    if (event.createdAtMs <= this.#cursorMs) {\n      this.#alreadySeen += 1\n      return\n    }\n    this.#widenNew(event.createdAtMs)\n',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'absent ids are forgotten at once',
    invariant: '3 exact difference',
    edits: [
      edit('src/event/absence.ts', 'absentCount <= maxAbsent', 'absentCount <= 0'),
      edit('src/event/absence.ts', 'absentCount - maxAbsent', 'absentCount'),
    ],
    tests: POLLER,
  },

  // ── 4. Gaps are told; findings ────────────────────────────────────────────────────────────────────────────────
  {
    name: 'a gap is judged by time',
    invariant: '4 gaps are told',
    edits: [
      edit(
        'src/event/findings.ts',
        '!selection.sharesSeenId && knowsAnyEvent(seen)',
        'oldest > (head.newestCreatedAtMs ?? oldest)',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'an event dated ahead connects an export',
    invariant: '4 gaps are told',
    edits: [
      edit(
        'src/event/select.ts',
        '    if (!this.#sharesSeenId)\n',
        '    this.#sharesSeenId = true\n    if (!this.#sharesSeenId)\n',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'a gap is stored with the last transaction of its poll',
    invariant: '4 gaps are told',
    edits: [
      edit(
        'src/batches.ts',
        'this.#transactions === 0 ? this.#encoded(this.#poll.judgement.gaps) : []',
        '[]',
      ),
      edit(
        'src/batches.ts',
        '...this.#encoded(judgement.others)',
        '...this.#encoded([...judgement.gaps, ...judgement.others])',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'a poll that was cut off is no gap when the window has moved past it',
    invariant: '4 gaps are told',
    edits: [
      edit('src/event/findings.ts', 'if (!isLost && !unconnected) return []', 'if (!unconnected) return []'),
    ],
    tests: POLLER,
  },
  {
    name: 'an event is told as vanished when one export misses it',
    invariant: 'findings: vanished',
    edits: [
      edit('src/event/absence.ts', "expected === 'expected' ? missed + 1", "expected === 'expected' ? 2"),
    ],
    tests: POLLER,
  },
  {
    name: 'vanished events are told in each poll',
    invariant: 'findings: vanished',
    edits: [edit('src/event/absence.ts', 'if (nowMissed === 2 && missed < 2)', 'if (nowMissed === 2)')],
    tests: POLLER,
  },
  {
    name: 'a lagging replica counts as fresh',
    invariant: 'findings: vanished',
    edits: [
      edit(
        'src/event/absence.ts',
        'cameBy(slot) < takenAfterMs &&',
        'cameBy(slot) < selection.receivedAtMs &&',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'a late event counts from its date',
    invariant: 'findings: vanished',
    edits: [
      edit(
        'src/event/absence.ts',
        'return createdAtMs <= before.get(seconds)! ? (seconds + 1) * 1000 : createdAtMs',
        'return createdAtMs',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'the first empty array is believed',
    invariant: 'findings: vanished',
    edits: [edit('src/event/findings.ts', 'EMPTY_EXPORTS_BELIEVED = 3', 'EMPTY_EXPORTS_BELIEVED = 1')],
    tests: POLLER,
  },
  {
    name: 'what the Hub rewrites counts as changed',
    invariant: 'findings: changed',
    edits: [
      edit(
        'src/event/digest.ts',
        "['author', ['deleted', 'avatarUrl', 'user']],",
        "['author', ['avatarUrl', 'user']],",
      ),
    ],
    tests: [...POLLER, 'test/event/digest.test.ts'],
  },
  {
    name: 'bytes of a known id are not compared',
    invariant: 'findings: changed',
    edits: [
      edit('src/event/select.ts', 'if (slot >= 0 && this.#seen.crcAt(slot) === crc) {', 'if (slot >= 0) {'),
    ],
    tests: POLLER,
  },
  {
    name: 'a changed content is told in each poll',
    invariant: 'findings: changed',
    edits: [edit('src/event/select.ts', '    this.#put.set(key, now)\n', '')],
    tests: POLLER,
  },
  {
    name: 'a content that was told before is told again when a lagging replica shows it',
    invariant: 'findings: changed',
    edits: [
      edit(
        'src/event/select.ts',
        'if (this.#toldOf.get(key)?.includes(digest) !== true) this.#changed.add(key)',
        'this.#changed.add(key)',
      ),
    ],
    tests: ['test/event/findings.test.ts'],
  },
  {
    name: 'contents that were told are not remembered',
    invariant: 'findings: changed',
    edits: [edit('src/ledger.ts', 'selection.toldContents.length > 0', 'selection.toldContents.length < 0')],
    tests: MODEL,
  },
  {
    name: 'records that retention took from the forwarder are passed over in silence (Kafka)',
    invariant: 'findings: unforwarded',
    edits: [
      edit(
        'src/kafka/forwarding-member.ts',
        'if (cursor === -1 || cursor === first) return',
        'if (cursor !== undefined) return',
      ),
    ],
    tests: ['test/kafka/recovery.test.ts'],
    only: ['retention deleted before it was forwarded'],
    needsServer: true,
  },
  {
    name: 'values that were pruned before the forwarder came are passed over in silence (SQLite)',
    invariant: 'findings: unforwarded',
    edits: [edit('src/sqlite/unforwarded.ts', 'missing === 0 || !cursor.exists()', 'missing >= 0')],
    tests: ['test/sqlite/forwarding.test.ts'],
  },

  // ── 5. All or nothing per download ────────────────────────────────────────────────────────────────────────────
  {
    name: 'a body that breaks off counts as complete',
    invariant: '5 all or nothing per download',
    edits: [
      edit(
        'src/hub/json-array.ts',
        'if (this.#state === AFTER_ARRAY) return\n',
        'if (this.#bytesBefore > 0) return\n',
      ),
    ],
    tests: POLLER,
  },

  // ── 6. Order ──────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'new events are not sorted',
    invariant: '6 order',
    edits: [
      edit('src/event/fresh-events.ts', 'times[a]! - times[b]! || compareUtf8(ids[a]!, ids[b]!)', 'a - b'),
    ],
    tests: POLLER,
  },
  {
    name: 'ids of one time are sorted as UTF-16',
    invariant: '6 order',
    edits: [edit('src/event/fresh-events.ts', '    if (pairA !== pairB) return pairA ? 1 : -1\n', '')],
    tests: [...POLLER, 'test/event/fresh-events.test.ts'],
  },
  {
    name: 'a batch with a hole in its sequence is stored (SQLite)',
    invariant: '6 order',
    edits: [edit('src/sqlite/batch.ts', '    requireConsecutive(batch)\n', '')],
    tests: SQLITE,
  },

  // ── 7. Chain ──────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'the chain is over JSON that was written again',
    invariant: '7 chain',
    edits: [
      edit(
        'src/batches.ts',
        'const elementSha256 = sha256(bytes)',
        'const elementSha256 = sha256(Buffer.from(JSON.stringify(parsed.event)))',
      ),
    ],
    tests: [...POLLER, ...MODEL],
  },
  {
    name: 'the chain begins with the name, not with the source',
    invariant: '7 chain',
    edits: [
      edit(
        'src/event/chain.ts',
        "sha256(Buffer.from(source, 'utf8'))",
        "sha256(Buffer.from(source.slice(-3), 'utf8'))",
      ),
    ],
    tests: ['test/event/chain.test.ts'],
  },

  // ── 8. Poison stays alone ─────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'poison is told again in each poll',
    invariant: '8 poison stays alone',
    edits: [
      edit('src/batches.ts', 'key: poisonKey(element.sha256)', 'key: poisonKey(sha256(element.sha256))'),
    ],
    tests: POLLER,
  },
  {
    name: 'bytes that are no UTF-8 are published',
    invariant: '8 poison stays alone',
    edits: [
      edit(
        'src/event/hub-event.ts',
        '  if (!isUtf8(bytes)) return poison(',
        '  if (bytes.length === 0) return poison(',
      ),
    ],
    tests: POLLER,
  },

  // ── 9. The books balance ──────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'repeated elements are not counted',
    invariant: '9 the books balance',
    edits: [
      edit(
        'src/event/select.ts',
        '  #takeRepeated(id: string, crc: number): void {\n    this.#repeated += 1\n',
        '  #takeRepeated(id: string, crc: number): void {\n',
      ),
    ],
    tests: POLLER,
  },
  {
    name: 'a poll leaves no ledger entry',
    invariant: '9 the books balance',
    edits: [
      edit(
        'src/batches.ts',
        "ledger: { value: encodeValue('ledger', framing('ledger'), ledger), timestampMs: ledger.finishedAt },",
        'ledger: undefined,',
      ),
    ],
    tests: POLLER,
  },

  // ── 10. Raw is raw ────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'rawLog is written again',
    invariant: '10 raw is raw',
    edits: [edit('src/event/normalize.ts', 'rawLog: parsed.text,', 'rawLog: JSON.stringify(parsed.event),')],
    tests: ['test/event/normalize.test.ts', ...MODEL],
  },
  {
    name: 'data is written again',
    invariant: '10 raw is raw',
    edits: [
      edit(
        'src/event/normalize.ts',
        "return memberText(parsed.text, 'data') ?? null",
        'return JSON.stringify(data)',
      ),
    ],
    tests: ['test/event/normalize.test.ts'],
  },

  // ── 11. Bounded memory ────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'what waits is kept in memory',
    invariant: '11 bounded memory',
    edits: [
      edit(
        'src/connector.ts',
        'SPOOL_MEMORY_BYTES = 4 * 1024 * 1024',
        'SPOOL_MEMORY_BYTES = 1024 * 1024 * 1024',
      ),
    ],
    tests: ['test/integration/memory.test.ts'],
  },
  {
    name: 'the spool can be read by others',
    invariant: '11 bounded memory',
    edits: [edit('src/spool/file-spool.ts', 'constants.O_RDWR, 0o600)', 'constants.O_RDWR, 0o644)')],
    tests: ['test/spool/file-spool.test.ts'],
  },

  // ── 12. Secrets stay secret ───────────────────────────────────────────────────────────────────────────────────
  {
    name: "a server's words are shown as they are",
    invariant: '12 secrets stay secret',
    edits: [
      edit(
        'src/hub/redact.ts',
        "return withoutCutSecret(withoutSecrets(secrets, '[redacted]')(text), secrets)",
        'return withoutCutSecret(text, [])',
      ),
    ],
    tests: ['test/hub/redact.test.ts', 'test/hub/client.test.ts'],
  },

  // ── The forwarder ─────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'the cursor moves before the delivery (SQLite)',
    invariant: 'OTLP at least once',
    edits: [
      edit(
        'src/sqlite/forwarding.ts',
        '          delivering = true\n',
        '          delivering = true\n          position = page.next\n          save()\n',
      ),
    ],
    tests: [...SQLITE, ...SQLITE_CRASH],
    only: ['forward', 'values that were not delivered come again', 'an end during a delivery'],
  },
  {
    name: 'records that stand in the topic once more are taken for the end of the trail',
    invariant: '2 no duplicate',
    edits: [edit('src/event/rebuilt-trail.ts', 'if (record.sequence <= last) return', '')],
    tests: ['test/recovery.test.ts'],
  },
  {
    name: 'what another organization has under the key is taken for the trail',
    invariant: '7 chain',
    edits: [
      edit(
        'src/event/rebuilt-trail.ts',
        'if (record.organization !== this.#organization.identity) return',
        '',
      ),
    ],
    tests: ['test/recovery.test.ts'],
  },
  {
    name: 'an old checkpoint that was written again is believed',
    invariant: '2 no duplicate',
    edits: [
      edit(
        'src/kafka/hold-against.ts',
        'if (end === undefined || end.sequence <= head!.sequence) continue',
        'continue',
      ),
    ],
    tests: ['test/kafka/foreign-values.test.ts'],
    only: ['an old checkpoint that was written again'],
    needsServer: true,
  },
  {
    name: 'half a response of a line that was cut is kept for the next line',
    invariant: '1 no loss',
    edits: [edit('src/kafka/whole-responses.ts', 'if (!this.isConnected()) forget(this)', '')],
    tests: ['test/kafka/outage.test.ts'],
    only: ['cut in the middle of a response'],
    needsServer: true,
  },
  {
    name: 'a value that may be ours and cannot be read is skipped by the forwarder',
    invariant: 'OTLP at least once',
    edits: [
      edit(
        'src/kafka/decode-messages.ts',
        "error.code === 'JOURNAL_FOREIGN' || (error.code === 'JOURNAL_MISMATCH' && !hasOurContentType(message))",
        "error.code === 'JOURNAL_FOREIGN' || error.code === 'JOURNAL_MISMATCH'",
      ),
    ],
    tests: ['test/kafka/foreign-values.test.ts'],
    only: ['may be ours and cannot be read'],
    needsServer: true,
  },
  {
    name: 'the cursor moves before the delivery (Kafka)',
    invariant: 'OTLP at least once',
    edits: [
      edit(
        'src/kafka/forwarding-member.ts',
        '        const delivering = deliverUntilDone(',
        '        await commitCursor(consumer, batch, Number(read.at(-1)!.offset) + 1)\n        const delivering = deliverUntilDone(',
      ),
    ],
    tests: KAFKA_CRASH,
    only: ['in forward'],
    needsServer: true,
  },
  {
    name: 'the forwarder reads what is not committed',
    invariant: 'OTLP at least once',
    edits: [
      edit(
        'src/kafka/forwarding-member.ts',
        '    allowAutoTopicCreation: false,\n',
        '    allowAutoTopicCreation: false,\n    readUncommitted: true,\n',
      ),
    ],
    tests: ['test/kafka/aborted-records.test.ts'],
    needsServer: true,
  },
  {
    name: 'what the collector rejected for good is sent again',
    invariant: 'OTLP: partial success',
    edits: [
      edit(
        'src/forwarding-decision.ts',
        'queue: withoutProbe(rest, work.probe),',
        'queue: rejected > 0 ? work.queue : withoutProbe(rest, work.probe),',
      ),
    ],
    tests: ['test/forwarding-decision.test.ts'],
  },
  {
    name: 'a request that is too large is dropped',
    invariant: 'OTLP: refused',
    edits: [
      edit(
        'src/forwarding-decision.ts',
        '    const queue = [{ from, to: middle }, { from: middle, to }, ...rest]\n',
        '    const queue = status === 413 ? rest : [{ from, to: middle }, { from: middle, to }, ...rest]\n',
      ),
    ],
    tests: ['test/forwarding-decision.test.ts', 'test/forwarder.test.ts'],
  },
  {
    name: 'a record is dead-lettered although the endpoint refuses everything',
    invariant: 'OTLP: refused',
    edits: [
      edit(
        'src/forwarding-decision.ts',
        'return { work: { ...work, queue: rest, asking: refusal }, memory, ...NOTHING_SETTLED }',
        'return { work: { ...work, queue: rest }, memory, ...NOTHING_SETTLED, deadLetters: [refusal] }',
      ),
    ],
    tests: ['test/forwarding-decision.test.ts'],
  },
  {
    name: 'records are dead-lettered by the hundred though the endpoint accepts none',
    invariant: 'OTLP: ten in a row',
    edits: [
      edit(
        'src/forwarding-decision.ts',
        'export const MAX_REFUSED_IN_A_ROW = 10',
        'export const MAX_REFUSED_IN_A_ROW = 1000',
      ),
    ],
    tests: ['test/forwarding-decision.test.ts'],
  },
  {
    name: 'ten bad records in a row are tried again for ever though the endpoint accepts others',
    invariant: 'OTLP: ten in a row',
    edits: [
      edit(
        'src/forwarding-decision.ts',
        'convicted: [...work.convicted, ...work.doubted],',
        'convicted: work.convicted,',
      ),
    ],
    tests: ['test/forwarding-decision.test.ts'],
  },
]
