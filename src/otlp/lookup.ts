/** A variable that is set. */
export interface Setting {
  readonly variable: string
  readonly value: string
}

export type Signal = 'LOGS' | 'METRICS'

/** The setting that holds for the signal: OTEL_EXPORTER_OTLP_LOGS_<suffix> before OTEL_EXPORTER_OTLP_<suffix>. */
export type Lookup = (suffix: string) => Setting | undefined

/** Without white space around it; an empty variable counts as unset. */
export function settingOf(env: NodeJS.ProcessEnv, variable: string): Setting | undefined {
  const value = env[variable]?.trim() ?? ''
  return value === '' ? undefined : { variable, value }
}

export function lookupIn(env: NodeJS.ProcessEnv, signal: Signal): Lookup {
  return suffix =>
    settingOf(env, `OTEL_EXPORTER_OTLP_${signal}_${suffix}`) ?? settingOf(env, `OTEL_EXPORTER_OTLP_${suffix}`)
}
