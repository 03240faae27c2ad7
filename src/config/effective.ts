import { withoutCredentials } from '../secrets.ts'
import type { ConfigFile } from './file.ts'
import { hasFile, type Setting, settings } from './reference.ts'

/** A setting as it counts now. */
export interface EffectiveSetting {
  readonly variable: string
  readonly key: string | undefined
  /** Undefined when nothing is set and there is no default; a secret as `(not shown)`. */
  readonly value: string | undefined
  /** `environment`, `default`, `not set`, or the path of the configuration file. */
  readonly origin: string
}

const HIDDEN = '(not shown)'
/** Of OpenTelemetry's other variables: what may hold a credential. */
const SECRET_NAME = /HEADERS|TOKEN|PASSWORD|SECRET|_KEY$/

/**
 * Every setting with its value and where that comes from. `file` is what the configuration file holds, read without
 * judging it: wrong values are shown as they are.
 */
export function effectiveSettings(
  environment: Readonly<Record<string, string | undefined>>,
  file: { readonly path: string; readonly content: ConfigFile } | undefined,
): EffectiveSetting[] {
  const inFile = fileTexts(file?.content)
  const of = (variable: string): { text: string; origin: string } | undefined => {
    const set = environment[variable]?.trim() ?? ''
    if (set !== '') return { text: set, origin: 'environment' }
    const text = inFile.get(variable)?.trim() ?? ''
    return file === undefined || text === '' ? undefined : { text, origin: file.path }
  }
  const listed = settings()
  const known = new Set(listed.flatMap(({ variable }) => [variable, `${variable}_FILE`]))
  const others = [...Object.keys(environment), ...inFile.keys()].filter(
    name => name.startsWith('OTEL_EXPORTER_OTLP_') && !known.has(name) && of(name) !== undefined,
  )
  return [
    ...listed.flatMap(setting => shown(setting, of)),
    ...[...new Set(others)].map(name => other(name, of)),
  ]
}

type Lookup = (variable: string) => { text: string; origin: string } | undefined

function shown(setting: Setting, of: Lookup): EffectiveSetting[] {
  const { variable, key, secret } = setting
  const direct = of(variable)
  const fromFile = secret && hasFile(setting) ? of(`${variable}_FILE`) : undefined
  const pointer: EffectiveSetting[] =
    fromFile === undefined
      ? []
      : [
          {
            variable: `${variable}_FILE`,
            key: key === undefined ? undefined : `${key}File`,
            value: fromFile.text,
            origin: fromFile.origin,
          },
        ]
  if (direct !== undefined) {
    const value = secret ? HIDDEN : publicText(direct.text)
    return [{ variable, key, value, origin: direct.origin }, ...pointer]
  }
  if (pointer.length > 0) return pointer
  const origin = setting.default === undefined ? 'not set' : 'default'
  return [{ variable, key, value: setting.default, origin }]
}

function other(variable: string, of: Lookup): EffectiveSetting {
  const { text, origin } = of(variable)!
  const value = SECRET_NAME.test(variable) && !variable.endsWith('_FILE') ? HIDDEN : publicText(text)
  return { variable, key: undefined, value, origin }
}

function fileTexts(content: ConfigFile | undefined): Map<string, string> {
  const texts = new Map(Object.entries(content?.variables ?? {}))
  if (content?.organizations !== undefined) {
    const names = content.organizations.map(({ name, identity, tokenFile }) =>
      [
        name,
        ...(identity === undefined ? [] : [`as ${identity}`]),
        ...(tokenFile === undefined ? [] : [`token from ${tokenFile}`]),
      ].join(' '),
    )
    texts.set('HF_AUDIT_ORGANIZATIONS', names.join(', '))
  }
  return texts
}

/** A URL's user, password and query may be secrets, whoever put them there. */
function publicText(text: string): string {
  return withoutCredentials(text).replace(/^(https?:\/\/[^?]*)\?.*$/s, '$1?…')
}
