import { checkExactlyOnce, type ExactlyOnceReport } from '../support/readers/python.ts'
import type { World } from './world.ts'

/** Reads all that is published as a stranger would, and holds it against the Hub's whole log. Workers must rest. */
export async function verdictOf(
  world: World,
): Promise<{ report: ExactlyOnceReport; problems: readonly string[] }> {
  const report = await checkExactlyOnce({
    brokers: world.brokers.direct,
    topic: world.topic,
    hubUrl: world.hub.url,
    organizations: world.organizations,
  })
  return { report, problems: problemsIn(report) }
}

/** Everything that is not as promised, in words; empty when nothing is lost, doubled or out of line. */
export function problemsIn(report: ExactlyOnceReport): string[] {
  const problems = [...report.unended.map(where => `a transaction has not ended: ${where}`)]
  if (problems.length > 0) return problems
  for (const [name, found] of Object.entries(report.organizations ?? {})) {
    const { expected, count, missing, doubled, unknown, altered } = found
    if (missing + doubled + unknown + altered > 0 || count !== expected) {
      problems.push(
        `${name}: ${expected} events, ${count} records; ${missing} lost, ${doubled} duplicated, ${unknown} unknown, ${altered} altered: ${JSON.stringify(found.examples)}`,
      )
    }
    const isWhole =
      found.minSequence === 1 &&
      found.maxSequence === count &&
      found.holes === 0 &&
      found.inOrder &&
      found.chainFromStart &&
      found.chainUnbroken
    if (!isWhole)
      problems.push(
        `${name}: sequence or chain is broken: ${JSON.stringify({ ...found, examples: undefined })}`,
      )
  }
  problems.push(...(report.problems ?? []))
  for (const finding of report.findings ?? [])
    problems.push(`a finding where nothing was to be found: ${finding}`)
  if ((report.deadLetters ?? 0) > 0) problems.push(`${report.deadLetters} dead letters`)
  return problems
}
