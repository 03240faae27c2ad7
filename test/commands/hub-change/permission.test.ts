import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ChangeCircumstances, changePermission } from '../../../src/commands/hub-change/permission.ts'

const CIRCUMSTANCES = fc.record<ChangeCircumstances>({
  readOnly: fc.boolean(),
  hasAdminToken: fc.boolean(),
  needsNoToken: fc.boolean(),
  dryRun: fc.boolean(),
  yes: fc.boolean(),
  terminal: fc.boolean(),
})

/** A script with the admin token that says what it wants. */
const SCRIPT: ChangeCircumstances = {
  readOnly: false,
  hasAdminToken: true,
  needsNoToken: false,
  dryRun: false,
  yes: true,
  terminal: false,
}

test('a script with HF_AUDIT_ADMIN_TOKEN and --yes may', () => {
  assert.deepEqual(changePermission(SCRIPT), { kind: 'allowed', token: 'admin' })
})

for (const [what, circumstances, words] of [
  ['HF_AUDIT_READ_ONLY', { readOnly: true }, /HF_AUDIT_READ_ONLY is true/],
  ['no admin token and nobody to ask', { hasAdminToken: false }, /HF_AUDIT_ADMIN_TOKEN is not set/],
  ['neither --yes nor a terminal', { yes: false }, /no terminal to ask on; give --yes/],
] as const) {
  test(`refused: ${what}`, () => {
    const permission = changePermission({ ...SCRIPT, ...circumstances })
    assert.equal(permission.kind, 'refused')
    assert.match(permission.kind === 'refused' ? permission.reason : '', words)
  })
}

test('at a terminal the token that reads is offered, whatever --yes says', () => {
  for (const yes of [true, false]) {
    const permission = changePermission({ ...SCRIPT, hasAdminToken: false, terminal: true, yes })
    assert.deepEqual(permission, { kind: 'allowed', token: 'offer-other-token' })
  }
})

test('whatever the circumstances: read-only changes nothing, a dry run is shown, and no reader’s token changes anything unasked', () => {
  fc.assert(
    fc.property(CIRCUMSTANCES, circumstances => {
      const permission = changePermission(circumstances)
      if (circumstances.dryRun) assert.equal(permission.kind, 'shown')
      else if (circumstances.readOnly) assert.equal(permission.kind, 'refused')
      if (permission.kind !== 'allowed') return
      assert.ok(circumstances.yes || circumstances.terminal, 'nobody said so')
      if (permission.token === 'offer-other-token') assert.ok(circumstances.terminal)
      if (permission.token === 'none') assert.ok(circumstances.needsNoToken)
    }),
  )
})
