import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodeOf } from '../../src/commands/exit-code.ts'
import { ConnectorError, type ErrorCode } from '../../src/errors.ts'

const codeOf = (...codes: ErrorCode[]): number => exitCodeOf(codes.map(code => new ConnectorError(code, '')))

test('where several things went wrong, the exit code is the first of 2, 4, 3, 6, 5, 1', () => {
  const inOrder: [ErrorCode, number][] = [
    ['CONFIG_INVALID', 2],
    ['JOURNAL_LOCKED', 4],
    ['HUB_FORBIDDEN', 3],
    ['HUB_UNAVAILABLE', 6],
    ['OTLP_NOT_DRAINED', 5],
    ['UNEXPECTED', 1],
  ]
  for (const [index, [first, code]] of inOrder.entries()) {
    assert.equal(codeOf(first), code)
    for (const [later] of inOrder.slice(index)) assert.equal(codeOf(later, first), code)
  }
  assert.equal(codeOf(), 0)
})
