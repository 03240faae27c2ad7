import { readFileSync } from 'node:fs'

let version: string | undefined

/** The version in package.json, which lies beside both `src` and `dist`; "bundled" where it does not. */
export function packageVersion(): string {
  version ??= read() ?? 'bundled'
  return version
}

function read(): string | undefined {
  try {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown }
    return name === 'hf-audit-connector' && typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
