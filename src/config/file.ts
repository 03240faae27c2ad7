import { readFileSync } from 'node:fs'
import { type Document, isAlias, isScalar, parseDocument } from 'yaml'
import { formOf } from './forms.ts'
import { VARIABLES, type VariableName } from './variables.ts'

const ENTRY_KEYS = ['name', 'identity', 'tokenFile']

/** An organization as the file may give it. */
export interface OrganizationEntry {
  readonly name: string
  readonly identity?: string
  readonly tokenFile?: string
}

export interface ConfigFile {
  /** By variable name, as if they stood in the environment. */
  readonly variables: Readonly<Record<string, string>>
  /** Those that can be read of a list that is more than names; the errors tell the others. */
  readonly organizations: readonly OrganizationEntry[] | undefined
  readonly errors: readonly string[]
}

/**
 * Reads the YAML file. Its keys are the variables' names in camelCase, ours without `HF_AUDIT_`: `pollInterval` is
 * HF_AUDIT_POLL_INTERVAL, `kafkaBrokers` is KAFKA_BROKERS, `otelExporterOtlpEndpoint` is OTEL_EXPORTER_OTLP_ENDPOINT.
 */
export function readConfigFile(path: string, knownVariables: readonly string[]): ConfigFile {
  const failed = (error: string): ConfigFile => ({ variables: {}, organizations: undefined, errors: [error] })
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return failed(`--config ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  const document = parseDocument(text)
  const problem = document.errors[0]
  // The parser's message quotes the line, which may hold a secret: only the place is told.
  if (problem !== undefined)
    return failed(`${path}: not valid YAML in line ${problem.linePos?.[0].line ?? '?'} (${problem.code})`)
  let root: unknown
  try {
    root = document.toJS() ?? {}
  } catch {
    // Its message quotes the text too.
    return failed(
      `${path}: a text that begins with * is an alias for YAML, and this one stands for nothing: put it in quotes, as in exclude: "*.create"`,
    )
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root))
    return failed(`${path}: must hold keys and values`)

  const byKey = new Map(knownVariables.map(variable => [keyOf(variable), variable]))
  const variables: Record<string, string> = {}
  const errors: string[] = []
  let organizations: OrganizationEntry[] | undefined
  for (const [key, value] of Object.entries(root)) {
    const variable = byKey.get(key) ?? (/^otel[A-Z]/.test(key) ? variableOf(key) : undefined)
    if (key === 'organizations' && Array.isArray(value) && value.some(item => typeof item !== 'string')) {
      organizations = value.flatMap(
        (item, index) => organizationEntry(item, `${path}: organizations[${index}]`, errors) ?? [],
      )
    } else if (variable === undefined) {
      errors.push(`${path}: there is no key "${key}"${nearest(key, [...byKey.keys()])}`)
    } else if (Array.isArray(value) && value.every(item => typeof item === 'string')) {
      variables[variable] = value.join(',')
    } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      variables[variable] = String(value)
      if (isText(variable) && isReadAsOther(document, key))
        errors.push(
          `${path}: "${key}" is a ${typeof value} for YAML and would not stay as it is written; put it in quotes`,
        )
    } else if (value !== null) {
      errors.push(`${path}: "${key}" must be a text, a number, true or false, or a list of texts`)
    }
  }
  return { variables, organizations, errors }
}

/** `HF_AUDIT_POLL_INTERVAL` → `pollInterval`, `KAFKA_BROKERS` → `kafkaBrokers`. */
export function keyOf(variable: string): string {
  return variable
    .replace(/^HF_AUDIT_/, '')
    .toLowerCase()
    .replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function variableOf(key: string): string {
  return key.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
}

/** Whether a number is nothing that the setting counts with. OpenTelemetry's are judged where they are read. */
function isText(variable: string): boolean {
  if (variable.startsWith('OTEL_')) return false
  if (!(variable in VARIABLES)) return true
  const { words } = formOf(VARIABLES[variable as VariableName].type)
  return words !== 'whole number' && words !== 'true or false'
}

/** Whether YAML makes something else of an unquoted value than its characters: of `007` 7, of `True` true. */
function isReadAsOther(document: Document, key: string): boolean {
  const found: unknown = document.get(key, true)
  const scalar = isAlias(found) ? found.resolve(document) : found
  return isScalar(scalar) && typeof scalar.value !== 'string' && scalar.source !== String(scalar.value)
}

/** Undefined for what cannot be one, with the reason among the errors. */
function organizationEntry(item: unknown, where: string, errors: string[]): OrganizationEntry | undefined {
  if (typeof item === 'string') return { name: item }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    errors.push(`${where} must be a name, in quotes if YAML would read it as a number or as true or false`)
    return undefined
  }
  const entry: { [key: string]: unknown } = { ...item }
  const told = errors.length
  for (const [key, value] of Object.entries(entry)) {
    if (!ENTRY_KEYS.includes(key)) {
      errors.push(`${where}: there is no key "${key}"; allowed are name, identity and tokenFile`)
    } else if (typeof value !== 'string') {
      errors.push(`${where}: "${key}" must be a text; put a number in quotes`)
    } else if (key === 'tokenFile' && value.trim() === '') {
      errors.push(`${where}: "tokenFile" is empty; name the file that holds the token, or leave the key out`)
    }
  }
  if (entry.name === undefined) errors.push(`${where}: "name" is missing`)
  return errors.length > told ? undefined : (entry as unknown as OrganizationEntry)
}

/** `; did you mean "…"?` for a near miss, else nothing. */
export function nearest(word: string, known: readonly string[]): string {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best === undefined ? '' : `; did you mean "${best}"?`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substituted))
    }
    row = next
  }
  return row[b.length]!
}
