import type { StreamName } from '../event/records.ts'

/** In the file's header, https://www.sqlite.org/fileformat.html#application_id: "HFAJ", Hugging Face audit journal. */
export const APPLICATION_ID = 0x4846414a
/** In `user_version`: another one is refused. */
export const SCHEMA_VERSION = 1

/**
 * - `entry` holds the values of all streams, so that one cursor passes through them in the order of their commits.
 *   AUTOINCREMENT: a position is never given twice, and none is left out. Both indexes end in the position.
 * - `seen` holds the checkpoint's entries; pruning never touches it. Its keys are bytes, see seen-rows.ts.
 * - `organization.head` is null for one of which only dead letters were stored. `first_sequence` is that of the first
 *   event kept: with pruning it moves on.
 * - `pruned.through` is the highest position that was deleted: behind it values may be missing.
 */
export const SCHEMA_SQL = `
  CREATE TABLE organization (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    head TEXT,
    first_sequence INTEGER NOT NULL DEFAULT 1
  ) STRICT;

  CREATE TABLE entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    organization INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    sequence INTEGER,
    value BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX entry_sequence ON entry (organization, sequence) WHERE sequence IS NOT NULL;
  CREATE INDEX entry_stream ON entry (organization, stream);

  CREATE TABLE seen (
    organization INTEGER NOT NULL,
    key BLOB NOT NULL,
    crc INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    first_seen_seconds INTEGER NOT NULL,
    state INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    pair_told INTEGER NOT NULL,
    absent_since_seconds INTEGER NOT NULL,
    PRIMARY KEY (organization, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE cursor (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE pruned (through INTEGER NOT NULL) STRICT;
  INSERT INTO pruned VALUES (0);
`

/** In `entry.stream`; part of the format. */
const STREAM_CODES: Record<StreamName, number> = { events: 0, findings: 1, ledger: 2, 'dead-letters': 3 }
const STREAMS = Object.keys(STREAM_CODES) as StreamName[]

export function streamCode(stream: StreamName): number {
  return STREAM_CODES[stream]
}

export function streamOfCode(code: number): StreamName | undefined {
  return STREAMS[code]
}

/** In `cursor.name`. */
export const FORWARDER_CURSOR = 'forwarder'
