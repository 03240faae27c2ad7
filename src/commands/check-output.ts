import { styleText } from 'node:util'
import type { CheckArea, CheckResult } from '../preflight.ts'
import { jsonText } from './json-text.ts'

const TITLES: Record<CheckArea, string> = {
  configuration: 'Configuration',
  disk: 'Disk',
  hub: 'Hub',
  kafka: 'Kafka',
  registry: 'Schema registry',
  otlp: 'OTLP',
}

const SIGNS: Record<CheckResult['status'], { sign: string; color: 'green' | 'yellow' | 'red' | 'gray' }> = {
  ok: { sign: '✔', color: 'green' },
  warning: { sign: '⚠', color: 'yellow' },
  failed: { sign: '✘', color: 'red' },
  skipped: { sign: '–', color: 'gray' },
}

/** The lines of one area. Colours only where `stream` shows them: NO_COLOR and redirection are honoured. */
export function textArea(results: readonly CheckResult[], stream: NodeJS.WriteStream): string {
  const [first] = results
  if (first === undefined) return ''
  const paint = (color: 'green' | 'yellow' | 'red' | 'gray' | 'bold', text: string): string =>
    styleText(color, text, { stream })
  const lines = results.flatMap(({ subject, status, message, mend }) => {
    const { sign, color } = SIGNS[status]
    const head = `  ${paint(color, sign)} ${paint('bold', subject)}: ${indented(message, 4)}`
    return mend === undefined || status === 'ok'
      ? [head]
      : [head, `      ${paint(color, '→')} ${indented(mend, 8)}`]
  })
  return `${paint('bold', TITLES[first.area])}\n${lines.join('\n')}\n`
}

/** One object a line. */
export function jsonArea(results: readonly CheckResult[]): string {
  return results.map(result => `${jsonText(result)}\n`).join('')
}

export function summary(results: readonly CheckResult[]): string {
  const count = (status: CheckResult['status']): number =>
    results.filter(result => result.status === status).length
  const failed = count('failed')
  const warnings = count('warning')
  const parts = [
    failed === 0 ? 'Ready.' : `${failed} ${failed === 1 ? 'problem' : 'problems'} to mend.`,
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`]),
    ...(count('skipped') === 0 ? [] : [`${count('skipped')} could not be looked at.`]),
  ]
  return `\n${parts.join(' ')}\n`
}

function indented(text: string, by: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(by)}`)
}
