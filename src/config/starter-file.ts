import { stringify } from 'yaml'
import { GROUPS } from './documentation.ts'
import { hasFile, type Setting, settings } from './reference.ts'

/** Values by variable; lists as lists. No secrets: they stay in files or in the environment. */
export type StarterValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** Keys that a first file is better without: the few who need them find them in the reference. */
const LEFT_OUT = new Set(['HF_HOME', 'HF_AUDIT_EXPORT_CAP', 'KAFKA_SASL_TOKEN_FILE'])

/**
 * A commented YAML file: what was chosen, and everything else with its default, commented out. `schemaPath` is where
 * editors find the JSON Schema.
 */
export function starterFile(values: StarterValues, schemaPath: string): string {
  const told = settings().filter(
    ({ variable, key }) => key !== undefined && !LEFT_OUT.has(variable) && isTold(variable, values),
  )
  const sections = GROUPS.flatMap(group => {
    const members = told.filter(setting => setting.group === group)
    return members.length === 0
      ? []
      : [`# ── ${group} ──\n\n${members.map(s => entry(s, values)).join('\n')}`]
  })
  return `# yaml-language-server: $schema=${schemaPath}
# Configuration of hf-audit: hf-audit run --config <this file>
# The environment comes before this file. Every key: hf-audit config reference. What counts: hf-audit config show.
# Secrets do not belong here: name a file (…File) or set the variable.

${sections.join('\n')}`
}

/** Of OpenTelemetry's many only the first, and what was chosen. */
function isTold(variable: string, values: StarterValues): boolean {
  const isOurs = !variable.startsWith('OTEL_') || /OTLP_(ENDPOINT|HEADERS|COMPRESSION)$/.test(variable)
  return isOurs || values[variable] !== undefined
}

function entry(setting: Setting, values: StarterValues): string {
  const { variable, about, example } = setting
  const key = setting.secret && hasFile(setting) ? `${setting.key}File` : setting.key!
  const value = values[setting.secret ? `${variable}_FILE` : variable]
  const comment = commented(about)
  if (value !== undefined) return `${comment}${stringify({ [key]: value })}`
  if (setting.secret) return `${comment}# ${key}: /run/secrets/${key.replace(/File$/, '').toLowerCase()}\n`
  return `${comment}# ${stringify({ [key]: setting.default ?? example }).trimEnd()}\n`
}

function commented(text: string): string {
  return text
    .replace(/(?![^\n]{1,108}$)([^\n]{1,108})\s/g, '$1\n')
    .replace(/^/gm, '# ')
    .concat('\n')
}
