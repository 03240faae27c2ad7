import { DOCUMENTATION, GROUPS, type Group } from './documentation.ts'
import { keyOf } from './file.ts'
import { FOREIGN_VARIABLES } from './foreign-variables.ts'
import { formOf, type JsonSchema } from './forms.ts'
import { VARIABLES, type Variable, type VariableName } from './variables.ts'

/** One setting as the reference tells it: everything that is known of it, from the one place where it is read. */
export interface Setting {
  readonly variable: string
  /** Undefined where only the environment counts. */
  readonly key: string | undefined
  readonly group: Group
  readonly type: string
  readonly default: string | undefined
  readonly example: string
  readonly about: string
  /** Never shown; the variable of the same name with `_FILE` names a file instead. */
  readonly secret: boolean
  /** Of the value in the file. */
  readonly json: JsonSchema | undefined
}

const SCALAR = ['string', 'number', 'boolean']
/** Of names and values, as a text or a YAML list. */
export const LIST: JsonSchema = { type: [...SCALAR, 'array'], items: { type: 'string' } }

/** All of them, group by group. */
export function settings(): Setting[] {
  const own = (Object.entries(VARIABLES) as [VariableName, Variable][]).map(([variable, read]): Setting => {
    const { words, json } = formOf(read.type)
    const { group, about, example } = DOCUMENTATION[variable]
    return {
      variable,
      key: keyOf(variable),
      group,
      type: words,
      default: read.default === '' ? undefined : read.default,
      example,
      about,
      secret: read.secret === true,
      json,
    }
  })
  const foreign = FOREIGN_VARIABLES.map((told): Setting => {
    const { name: variable, words: type, group, about, example, secret, inFile } = told
    return {
      variable,
      key: inFile ? keyOf(variable) : undefined,
      group,
      type,
      default: told.default,
      example,
      about,
      secret: secret === true,
      json: inFile ? (type.startsWith('list') ? LIST : { type: SCALAR }) : undefined,
    }
  })
  const all = [...own, ...foreign]
  return GROUPS.flatMap(group => all.filter(setting => setting.group === group))
}

/** For a terminal: a paragraph each. */
export function textReference(): string {
  const paragraph = (setting: Setting): string => {
    const { variable, type, example, about } = setting
    const key = setting.key === undefined ? 'environment only' : `in the file: ${setting.key}`
    const facts = [type, `default: ${setting.default ?? 'none'}`, `example: ${example}`, key]
    const secret = setting.secret && hasFile(setting) ? ` (or ${variable}_FILE)` : ''
    return `  ${variable}${secret}\n${wrapped(facts.join('; '))}${wrapped(about)}`
  }
  return `${INTRODUCTION}\n\n${inGroups((group, members) => `${group}\n\n${members.map(paragraph).join('\n')}`)}`
}

export function markdownReference(): string {
  const row = (setting: Setting): string => {
    const { variable, key, type, example, about } = setting
    const name =
      setting.secret && hasFile(setting) ? `\`${variable}\`, \`${variable}_FILE\`` : `\`${variable}\``
    const cells = [
      name,
      key === undefined ? '' : `\`${key}\``,
      type,
      code(setting.default),
      code(example),
      about,
    ]
    return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  }
  const head = '| variable | key in the file | type | default | example | |\n|---|---|---|---|---|---|'
  const groups = inGroups((group, members) => `## ${group}\n\n${head}\n${members.map(row).join('\n')}\n`)
  return `# Configuration\n\nWritten by \`hf-audit config reference --format markdown\`: change the sources, not this page.\n\n${INTRODUCTION}\n\n${groups}`
}

/** Lines of at most 100 columns. */
function wrapped(text: string): string {
  return text
    .replace(/(?![^\n]{1,94}$)([^\n]{1,94})\s/g, '$1\n')
    .replace(/^/gm, '      ')
    .concat('\n')
}

const INTRODUCTION =
  'Set variables in the environment, or keys in a YAML file (--config). The environment comes before the file, the file\n' +
  'before the default; an empty variable counts as not set. Durations are numbers with ms, s, m or h. Lists have commas\n' +
  'between, in the file also YAML lists. A secret may stand in a file of its own: the variable with _FILE, or the key\n' +
  'with File, names it.'

function inGroups(write: (group: Group, members: readonly Setting[]) => string): string {
  const all = settings()
  return GROUPS.map(group =>
    write(
      group,
      all.filter(setting => setting.group === group),
    ),
  ).join('\n')
}

/** The proxies are secret for what a URL may hold, and Node's own: no file is read for them. */
export function hasFile({ group }: Pick<Setting, 'group'>): boolean {
  return group !== 'Network'
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``
}
