import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFileSpool } from '../../src/spool/file-spool.ts'
import { DuplicateFinder } from '../../src/verify/duplicates.ts'
import { HashPartitions, KEY_BYTES } from '../../src/verify/hash-partitions.ts'

function entry(key: number, payload: number, bytes = KEY_BYTES + 8): Buffer {
  const made = Buffer.alloc(bytes)
  createHash('sha256').update(String(key)).digest().copy(made, 0, 0, KEY_BYTES)
  made.writeDoubleLE(payload, KEY_BYTES)
  return made
}

test('puts the same keys together, in the order in which they were added, like a map', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 3 }),
      (keys, least) => {
        const spool = createFileSpool({ directory: tmpdir(), memoryBytes: 100 })
        try {
          const partitions = new HashPartitions(spool, KEY_BYTES + 8)
          const expected = new Map<string, number[]>()
          for (const [index, key] of keys.entries()) {
            const made = entry(key, index)
            partitions.add(made)
            const name = made.toString('hex', 0, KEY_BYTES)
            expected.set(name, [...(expected.get(name) ?? []), index])
          }
          // Twice: it can be gone through again.
          for (let round = 0; round < 2; round++) {
            const found = new Map<string, number[]>()
            for (const group of partitions.groups(least)) {
              const name = group[0]!.toString('hex', 0, KEY_BYTES)
              assert.ok(!found.has(name))
              found.set(
                name,
                group.map(one => one.readDoubleLE(KEY_BYTES)),
              )
            }
            const wanted = [...expected].filter(([, indexes]) => indexes.length >= least)
            assert.deepEqual(found, new Map(wanted.filter(([name]) => found.has(name))))
            assert.equal(found.size, wanted.length)
          }
        } finally {
          spool.dispose()
        }
      },
    ),
  )
})

test('many more entries than one block of each partition holds, through the file', () => {
  const count = 300_000
  const spool = createFileSpool({ directory: tmpdir(), memoryBytes: 64 * 1024 })
  try {
    const partitions = new HashPartitions(spool, KEY_BYTES + 24)
    for (let n = 0; n < count; n++) partitions.add(entry(n % (count - 5), n, KEY_BYTES + 24))
    const groups = [...partitions.groups(2)].map(group => group.map(one => one.readDoubleLE(KEY_BYTES)))
    const expected = [0, 1, 2, 3, 4].map(n => [n, n + count - 5])
    assert.deepEqual(
      groups.toSorted((a, b) => a[0]! - b[0]!),
      expected,
    )
  } finally {
    spool.dispose()
  }
})

test('keys that differ in few bits are spread and told apart', () => {
  const spool = createFileSpool({ directory: tmpdir(), memoryBytes: 1024 })
  try {
    const partitions = new HashPartitions(spool, KEY_BYTES)
    const key = Buffer.alloc(KEY_BYTES)
    const count = 20_000
    for (let n = 0; n < count; n++) {
      key.writeDoubleLE(n, 8)
      partitions.add(key)
    }
    assert.equal([...partitions.groups()].length, count)
    assert.deepEqual([...partitions.groups(2)], [])
  } finally {
    spool.dispose()
  }
})

test('an id that is there three times has three places', () => {
  const spool = createFileSpool({ directory: tmpdir(), memoryBytes: 1024 })
  const finder = new DuplicateFinder(spool)
  const id = (n: number) => `0f8fad5b-d9cb-569f-a165-${String(n).padStart(12, '0')}`
  const place = (n: number) => ({ owner: n, sequence: 2 ** 40 + n, partition: 7, offset: 2 ** 41 + n })
  for (let n = 0; n < 1_000; n++) finder.add(id(n), place(n))
  finder.add(id(5), place(2_000))
  finder.add(id(5), place(2_001))
  assert.deepEqual([...finder.found()], [{ id: id(5), places: [place(5), place(2_000), place(2_001)] }])
  spool.dispose()
})
