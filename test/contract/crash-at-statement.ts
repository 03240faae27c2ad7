import { DatabaseSync, type SQLInputValue, type StatementResultingChanges, StatementSync } from 'node:sqlite'

/** Before or after the `nth` execution, from 1, of a statement that holds this text. */
export interface StatementPoint {
  readonly statement: string
  readonly nth?: number
  readonly when: 'before' | 'after'
}

type Run = (this: StatementSync, ...parameters: SQLInputValue[]) => StatementResultingChanges

/** From now on this process kills itself with SIGKILL at that point of its work with SQLite. */
export function killAtStatement({ statement, nth = 1, when }: StatementPoint): void {
  let left = nth
  const around = <T>(sql: string, execute: () => T): T => {
    const isHere = sql.includes(statement) && --left === 0
    if (isHere && when === 'before') process.kill(process.pid, 'SIGKILL')
    const result = execute()
    if (isHere) process.kill(process.pid, 'SIGKILL')
    return result
  }
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    return around(sql, () => exec.call(this, sql))
  }
  const { run } = StatementSync.prototype as { run: Run }
  ;(StatementSync.prototype as { run: Run }).run = function (
    this: StatementSync,
    ...parameters: SQLInputValue[]
  ) {
    return around(this.sourceSQL, () => run.apply(this, parameters))
  }
}
