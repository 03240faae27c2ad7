import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { listOption, wordsOption } from '../../src/commands/choices.ts'

test('an empty list is refused, so that an unset variable of a shell lifts no limit', () => {
  for (const text of ['', ' ', ',', ' , ']) {
    for (const option of [listOption('--list <x>', ''), wordsOption('--list <x>', '', ['a', 'b'])]) {
      const command = new Command().addOption(option).exitOverride()
      command.configureOutput({ writeErr: () => {} })
      assert.throws(() => command.parse(['--list', text], { from: 'user' }), /It is empty: give at least one/)
      assert.deepEqual(command.parse(['--list', 'a, b'], { from: 'user' }).opts(), { list: ['a', 'b'] })
    }
  }
})
