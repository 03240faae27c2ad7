import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextChainHash, sha256 } from '../../src/event/chain.ts'
import { Problems } from '../../src/verify/problems.ts'
import { type Link, TrailCheck } from '../../src/verify/trail-check.ts'

const WHOLE = { firstSequence: 1, firstOffset: 0 }

/** `count` records of an unbroken trail, at offsets 10, 20, 30, … */
function trail(count: number, from = 1): Link[] {
  let chainHash: Buffer = sha256(Buffer.from('the beginning'))
  return Array.from({ length: count }, (_, index) => {
    const sequence = from + index
    const elementSha256 = sha256(Buffer.from(`element ${sequence}`))
    chainHash = nextChainHash(chainHash, elementSha256)
    return {
      sequence,
      chainHash,
      elementSha256,
      sourceID: '',
      eventID: `event-${String(sequence).padStart(9, '0')}`,
      eventTime: sequence,
      receivedAt: 1,
      partition: 0,
      offset: sequence * 10,
    }
  })
}

function check(links: readonly Link[], retention = WHOLE) {
  const problems = new Problems(1_000)
  const linked: number[] = []
  const trailCheck = new TrailCheck({
    problems,
    position: link => String(link.offset),
    onLink: link => linked.push(link.sequence),
  })
  for (const link of links) trailCheck.take(link)
  trailCheck.finish(retention)
  return {
    problems,
    linked,
    trailCheck,
    told: problems.kept.map(({ kind, sequence }) => `${kind} ${sequence}`),
  }
}

test('an unbroken trail has no problem, wherever it begins', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 1_000 }), (count, from) => {
      const links = trail(count, from)
      const { told, linked, trailCheck } = check(links)
      assert.deepEqual(told, [])
      assert.deepEqual(
        linked,
        links.map(({ sequence }) => sequence),
      )
      assert.equal(trailCheck.last?.sequence, links.at(-1)?.sequence)
    }),
  )
})

test('whatever single change is made to a trail, it is told, and the rest is followed to the end', () => {
  const count = 12
  const change = fc.record({
    kind: fc.constantFrom('remove', 'edit', 'forge', 'swap', 'double', 'insert'),
    at: fc.integer({ min: 1, max: count - 2 }),
    to: fc.integer({ min: 1, max: count - 2 }),
    sequence: fc.integer({ min: 1, max: 100 }),
  })
  fc.assert(
    fc.property(change, ({ kind, at, to, sequence }) => {
      const links = trail(count)
      const foreign = sha256(Buffer.from('foreign'))
      const chosen = links[at]!
      switch (kind) {
        case 'remove':
          links.splice(at, 1)
          break
        case 'edit':
          links[at] = { ...chosen, elementSha256: foreign }
          break
        case 'forge':
          // With a hash that fits its own text.
          links[at] = {
            ...chosen,
            elementSha256: foreign,
            chainHash: nextChainHash(links[at - 1]!.chainHash, foreign),
          }
          break
        case 'swap':
          fc.pre(at !== to)
          links[at] = links[to]!
          links[to] = chosen
          break
        case 'double':
          links.splice(to, 0, chosen)
          break
        case 'insert':
          links.splice(at, 0, { ...chosen, sequence, elementSha256: foreign, chainHash: foreign })
          break
      }
      const { told, trailCheck } = check(links)
      assert.ok(told.length > 0, 'not told')
      assert.equal(trailCheck.last?.sequence, count)
      // One change is not told for every record after it: at most once at each place it touched, and behind it.
      assert.ok(told.length <= 4, told.join())
    }),
  )
})

test('one removed record is one hole, one edited raw text one break', () => {
  const links = trail(9)
  assert.deepEqual(check(links.toSpliced(3, 1)).told, ['sequence 5'])
  assert.deepEqual(check(links.with(3, { ...links[3]!, elementSha256: Buffer.alloc(32) })).told, ['chain 4'])
  assert.deepEqual(check(links.toSpliced(8, 1)).told, [], 'what is missing at the end is for anchors to tell')
  assert.deepEqual(check(links.toSpliced(7, 1)).told, ['sequence 9'])
})

test('a stray record far ahead does not make strangers of all that follow', () => {
  const links = trail(9)
  const stray = { ...links[2]!, sequence: 1_000_000, chainHash: Buffer.alloc(32) }
  const { told, trailCheck } = check(links.toSpliced(4, 0, stray))
  assert.deepEqual(told, ['sequence 1000000'])
  assert.equal(trailCheck.last?.sequence, 9)
})

test('of a forged record and the real one after it, the trail follows the one that goes on', () => {
  const links = trail(9)
  const foreign = sha256(Buffer.from('foreign'))
  const forged = {
    ...links[4]!,
    elementSha256: foreign,
    chainHash: nextChainHash(links[3]!.chainHash, foreign),
  }
  const { told, linked } = check(links.toSpliced(4, 0, forged))
  assert.deepEqual(told, ['sequence 5'])
  assert.deepEqual(linked, [1, 2, 3, 4, 5, 5, 6, 7, 8, 9])
})

test('a hole whose beginning retention has removed meanwhile is none', () => {
  const links = trail(9).toSpliced(2, 3)
  assert.deepEqual(check(links).told, ['sequence 6'])
  assert.deepEqual(check(links, { firstSequence: 6, firstOffset: 0 }).told, [])
  const byOffset = (firstOffset: number) =>
    check(links, { firstSequence: undefined as never, firstOffset }).told
  assert.deepEqual(byOffset(21), [])
  assert.deepEqual(byOffset(20), ['sequence 6'])
})

test('records of one poll stand oldest first; between polls anything may be', () => {
  const links = trail(4)
  const late = links.with(2, { ...links[2]!, eventTime: 0 })
  assert.deepEqual(check(late).told, ['order 3'])
  assert.deepEqual(check(late.map(link => ({ ...link, receivedAt: link.sequence }))).told, [])
  const sameTime = links.map(link => ({ ...link, eventTime: 7 }))
  assert.deepEqual(check(sameTime).told, [])
  assert.deepEqual(check(sameTime.with(1, { ...sameTime[1]!, eventID: 'z' })).told, ['order 3'])
})
