import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

/** Imports point one way: a file may import from its own layer's list only. What is not listed may not be imported. */
const BASE = ['errors', 'log', 'private-directory', 'retry', 'secrets', 'version']
const PORTS = [...BASE, 'event/*', 'ports', 'preflight', 'migration-ports', 'replay-ports', 'stored-journal']
const CORE = [
  'batches',
  'ledger',
  'migration',
  'migration-page',
  'owned-polling',
  'pruning',
  'tasks',
  'unknown-types',
  'delivery',
  'forwarder',
  'forwarding-decision',
  'poller',
  'polling',
  'recovery',
  'report',
  'roster',
  'schedule',
]
const ADAPTERS = ['hub', 'kafka', 'sqlite', 'otlp', 'spool', 'simulator', 'file', 'geo']
const CONFIG = [...BASE, 'event/*', 'config/*', 'kafka/settings', 'otlp/*']
const ROOT = [
  'memory',
  ...PORTS,
  'query/*',
  ...CORE,
  ...ADAPTERS.map(adapter => `${adapter}/*`),
  'config',
  'config/*',
  'journals',
  'replay/*',
  'replays',
  'verify/*',
  'check/*',
  'reload',
  'schema/*',
  'status/*',
  'admin/*',
  'telemetry/*',
  'observation',
  'connector',
]

const ALLOWED: Record<string, readonly string[]> = {
  errors: [],
  log: [],
  memory: [],
  'private-directory': [],
  retry: ['errors'],
  secrets: [],
  version: [],
  preflight: ['errors'],
  'event/*': ['errors', 'event/*'],
  'query/*': ['errors', 'event/*', 'query/*'],
  ports: ['event/*'],
  'migration-ports': ['event/*', 'ports'],
  'replay-ports': ['event/*', 'ports'],
  ...Object.fromEntries(CORE.map(name => [name, [...PORTS, ...CORE]])),
  ...Object.fromEntries(ADAPTERS.map(adapter => [`${adapter}/*`, [...PORTS, `${adapter}/*`]])),
  'hub/*': [...PORTS, 'query/*', 'hub/*'],
  'config/*': CONFIG,
  config: CONFIG,
  'replay/*': [...PORTS, ...CORE, 'replay/*'],
  'verify/*': [...PORTS, 'verify/*'],
  'stored-journal': ['event/*'],
  'check/*': ROOT,
  reload: ['config'],
  'schema/*': ['event/*', 'schema/*'],
  'status/*': [...PORTS, ...CORE, 'status/*'],
  'telemetry/*': [...PORTS, ...CORE, 'status/*', 'telemetry/*'],
  'admin/*': [...BASE, 'status/*', 'admin/*'],
  observation: ROOT,
  journals: ROOT,
  replays: ROOT,
  connector: ROOT,
  'commands/*': [...ROOT, 'commands/*'],
  cli: ['memory', 'commands/*'],
  library: ['errors', 'hub/*'],
}

/** Each of these speaks to one outside, and only its folder knows how. */
const ONLY_IN: Record<string, RegExp> = {
  kafkajs: /^kafka\//,
  'node:sqlite': /^sqlite\//,
  undici: /^(hub|kafka|otlp)\//,
  commander: /^commands\//,
  avsc: /^event\//,
  '@opentelemetry/sdk-logs': /^otlp\//,
  '@opentelemetry/sdk-metrics': /^(otlp|telemetry)\//,
  '@opentelemetry/exporter-prometheus': /^telemetry\//,
  '@opentelemetry/exporter-metrics-otlp-proto': /^otlp\//,
  'node:http': /^(admin|simulator)\//,
  maxmind: /^geo\//,
  snappy: /^kafka\//,
  'lz4-napi': /^kafka\//,
}

const source = new URL('../src/', import.meta.url)
const files = globSync('**/*.ts', { cwd: source })

function importsOf(file: string): string[] {
  const text = readFileSync(new URL(file, source), 'utf8')
  const pattern = /(?:from|import)\s*\(?\s*'([^']+)'/g
  return [...text.matchAll(pattern)].map(match => match[1]!)
}

function matches(module: string, list: readonly string[]): boolean {
  return list.some(entry => (entry.endsWith('/*') ? module.startsWith(entry.slice(0, -1)) : module === entry))
}

test('every file has its place, and imports point one way', () => {
  const wrong: string[] = []
  for (const file of files) {
    const module = file.replace(/\.ts$/, '')
    const place = Object.keys(ALLOWED).find(entry => matches(module, [entry]))
    if (place === undefined) {
      wrong.push(`${file} has no place in the layers`)
      continue
    }
    for (const imported of importsOf(file).filter(name => name.startsWith('.'))) {
      const target = normalize(join(dirname(file), imported)).replace(/\.ts$/, '')
      if (!matches(target, ALLOWED[place]!)) wrong.push(`${file} imports ${target}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('each outside library is known to one folder', () => {
  const wrong = files.flatMap(file =>
    importsOf(file)
      .filter(name => ONLY_IN[name] !== undefined && !ONLY_IN[name].test(file))
      .map(name => `${file} imports ${name}`),
  )
  assert.deepEqual(wrong, [])
})

test('event/ and query/ are pure: they read no clock, no dice, no environment', () => {
  const wrong = files
    .filter(file => /^(event|query)\//.test(file))
    .filter(file =>
      /\b(Date\.now|Math\.random|setTimeout|process\.env)\b/.test(
        readFileSync(new URL(file, source), 'utf8'),
      ),
    )
  assert.deepEqual(wrong, [])
})
