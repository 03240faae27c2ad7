import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { completedCommands } from '../../src/commands/completion-model.ts'
import { bashScript, fishScript, zshScript } from '../../src/commands/completion-scripts.ts'
import { createProgram } from '../../src/commands/program.ts'

const commands = completedCommands(await createProgram())

/** What a real bash offers behind each of these lines; the last word is the one under the cursor. */
function offered(lines: readonly (readonly string[])[]): string[][] {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const calls = lines.map(line => `offer ${['hf-audit', ...line].map(quoted).join(' ')}`)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
  const offer = 'offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hf_audit; echo "${COMPREPLY[*]}"; }'
  const script = `set -u\n${bashScript(commands)}\n${offer}\n${calls.join('\n')}\n`
  const output = execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  return output
    .trimEnd()
    .split('\n')
    .map(line => line.split(' ').filter(word => word !== ''))
}

test('bash offers every command, subcommand and option where it belongs', () => {
  const lines = commands.map(({ path }) => [...path, ''])
  const answers = offered(lines)
  commands.forEach(({ path, options, subcommands }, index) => {
    const expected = [...options.flatMap(({ flags }) => flags), ...subcommands.map(({ name }) => name)]
    for (const word of expected)
      assert.ok(answers[index]!.includes(word), `"hf-audit ${path.join(' ')} " does not offer ${word}`)
  })
})

test('bash completes what was begun, the values of options, and files', () => {
  const [begun, option, choices, choice, file, argument, after] = offered([
    ['com'],
    ['tail', '--fr'],
    ['tail', '--stream', ''],
    ['schema', 'print', '--format', 'click'],
    ['check', '--config', 'package.js'],
    ['import', '--organization', 'acme', 'package.js'],
    ['tail', '--stream', 'ledger', '--no'],
  ])
  assert.deepEqual(begun, ['completion'])
  assert.deepEqual(option, ['--from-beginning'])
  assert.deepEqual(choices, ['events', 'findings', 'dead-letters', 'ledger'])
  assert.deepEqual(choice, ['clickhouse'])
  assert.deepEqual(file, ['package.json'])
  assert.deepEqual(argument, ['package.json'])
  assert.deepEqual(after, ['--no-follow'])
})

for (const [shell, script] of [
  ['zsh', zshScript(commands)],
  ['fish', fishScript(commands)],
] as const) {
  test(`the script for ${shell} names every command and option, and is one that ${shell} can read`, t => {
    for (const { options, subcommands } of commands) {
      for (const { name } of subcommands) assert.ok(script.includes(name), name)
      for (const { flags } of options)
        for (const flag of flags) assert.ok(script.includes(flag.replace(/^-+/, '')), flag)
    }
    // From a file: what Node gives a child as its standard input is a socket, which no shell can open by a name.
    const folder = mkdtempSync(join(tmpdir(), 'hf-audit-completion-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'script')
    writeFileSync(file, script)
    const noRun = shell === 'zsh' ? ['-f', '-n', file] : ['--no-config', '--no-execute', file]
    const { error, status, stderr } = spawnSync(shell, noRun, { encoding: 'utf8' })
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      return t.skip(`${shell} is not installed`)
    assert.deepEqual([status, stderr], [0, ''])
  })
}
