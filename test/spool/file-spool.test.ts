import assert from 'node:assert/strict'
import { existsSync, fstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createFileSpool } from '../../src/spool/file-spool.ts'

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-spool-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('gives back what was appended, in any order of reading, from memory and from the file', t => {
  const directory = temporaryDirectory(t)
  const pieces = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 60 })
  fc.assert(
    fc.property(
      pieces,
      fc.integer({ min: 1, max: 64 }),
      fc.array(fc.nat(), { maxLength: 80 }),
      (parts, memoryBytes, reads) => {
        const spool = createFileSpool({ directory, memoryBytes })
        try {
          const offsets = parts.map(part => spool.append(part))
          for (const read of reads) {
            if (parts.length === 0) break
            const index = read % parts.length
            const part = parts[index]!
            assert.deepEqual(spool.read(offsets[index]!, part.length), Buffer.from(part))
          }
        } finally {
          spool.dispose()
        }
      },
    ),
  )
})

test('reads pieces larger than its window, and across the border of file and memory', t => {
  const spool = createFileSpool({ directory: temporaryDirectory(t), memoryBytes: 1000 })
  t.after(() => spool.dispose())
  const large = Buffer.alloc(700_123, 'abcdefg')
  const first = spool.append(Buffer.from('first'))
  const second = spool.append(large)
  const third = spool.append(Buffer.from('third'))
  assert.equal(spool.read(third, 5).toString(), 'third')
  assert.ok(spool.read(second, large.length).equals(large))
  assert.equal(spool.read(first, 5).toString(), 'first')
})

test('leaves no file behind, not even while it is open', t => {
  const directory = temporaryDirectory(t)
  const spool = createFileSpool({ directory, memoryBytes: 10 })
  spool.append(Buffer.alloc(100))
  assert.deepEqual(readdirSync(directory), [])
  spool.dispose()
  spool.dispose()
})

test('nobody else may read its file', { skip: existsSync('/proc/self/fd') ? false : 'needs /proc' }, t => {
  const directory = temporaryDirectory(t)
  const spool = createFileSpool({ directory, memoryBytes: 10 })
  t.after(() => spool.dispose())
  spool.append(Buffer.alloc(100))
  const open = readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
    } catch {
      return false
    }
  })
  assert.deepEqual(
    open.map(fd => fstatSync(Number(fd)).mode & 0o777),
    [0o600],
  )
})

test('a directory that cannot be written is told with the variable that mends it', t => {
  const file = join(temporaryDirectory(t), 'file')
  writeFileSync(file, '')
  const spool = createFileSpool({ directory: join(file, 'below'), memoryBytes: 10 })
  assert.throws(() => spool.append(Buffer.alloc(100)), /HF_AUDIT_DATA_DIR/)
})

test('a read beyond the end is refused', t => {
  const spool = createFileSpool({ directory: temporaryDirectory(t), memoryBytes: 10 })
  spool.append(Buffer.alloc(5))
  assert.throws(() => spool.read(3, 3), RangeError)
})
