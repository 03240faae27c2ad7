import type { ConnectorError, ErrorCode } from '../errors.ts'

/** What the process's exit code says; 0 is fine. A contract: documented in the README. */
const EXIT_CODES: Record<ErrorCode, number> = {
  UNEXPECTED: 1,
  CONFIG_INVALID: 2,
  HUB_UNAUTHORIZED: 3,
  HUB_PAYMENT_REQUIRED: 3,
  HUB_FORBIDDEN: 3,
  HUB_NOT_FOUND: 3,
  HUB_ENDPOINT_CHANGED: 3,
  HUB_REDIRECTED: 3,
  HUB_REFUSED: 3,
  HUB_UNSUPPORTED: 2,
  JOURNAL_UNAVAILABLE: 4,
  JOURNAL_STALE: 4,
  JOURNAL_NOT_OWNED: 4,
  JOURNAL_LOCKED: 4,
  JOURNAL_MISMATCH: 4,
  JOURNAL_FOREIGN: 4,
  SPOOL_UNAVAILABLE: 4,
  REGISTRY_UNAVAILABLE: 4,
  REGISTRY_INCOMPATIBLE: 2,
  OTLP_UNAVAILABLE: 5,
  OTLP_BLOCKED: 5,
  OTLP_NOT_DRAINED: 5,
  HUB_RATE_LIMITED: 6,
  HUB_UNAVAILABLE: 6,
  HUB_BODY_BROKEN: 6,
  STOPPED: 0,
}

/** Where several went wrong, the code that an operator should look at first. */
const PRECEDENCE = [2, 4, 3, 6, 5, 1]

export function exitCodeOf(errors: readonly ConnectorError[]): number {
  const codes = new Set(errors.map(error => EXIT_CODES[error.code]))
  return PRECEDENCE.find(code => codes.has(code)) ?? 0
}
