import { asConnectorError, type ConnectorError } from './errors.ts'

/** What one look of `check` came to. */
export interface CheckResult {
  readonly area: CheckArea
  /** What was looked at, in a few words: `token of acme`, `topic audit.checkpoint`. */
  readonly subject: string
  /** `skipped`: could not be looked at, and why. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found; of a cross the cause. No secrets. */
  readonly message: string
  /** What a person does about it: a command or a page. */
  readonly mend?: string
}

export type CheckArea = 'configuration' | 'disk' | 'hub' | 'kafka' | 'registry' | 'otlp'

/** Results of one area, with the area left out where they are made. */
export interface AreaResults {
  readonly results: CheckResult[]
  ok(subject: string, message: string): void
  warn(subject: string, message: string, mend?: string): void
  fail(subject: string, message: string, mend?: string): void
  skip(subject: string, message: string, mend?: string): void
}

export function areaResults(area: CheckArea): AreaResults {
  const results: CheckResult[] = []
  const add =
    (status: CheckResult['status']) =>
    (subject: string, message: string, mend?: string): void => {
      results.push({ area, subject, status, message, ...(mend === undefined ? {} : { mend }) })
    }
  return { results, ok: add('ok'), warn: add('warning'), fail: add('failed'), skip: add('skipped') }
}

/** The value, or what went wrong. */
export async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: asConnectorError(error) }
  }
}

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ConnectorError }
