import type { TestContext } from 'node:test'
import { runTool } from './run-tool.ts'

export type StackPart = 'kafka' | 'registry' | 'collector' | 'python' | 'openssl' | 'browser' | 'promtool'

interface Tool {
  readonly args: readonly string[]
  readonly minimum: number
  /** Finds the number to compare with the minimum in what the program prints. */
  readonly version: RegExp
  readonly install: string
}

const tools = {
  java: {
    args: ['-XshowSettings:properties', '-version'],
    minimum: 17,
    version: /java\.specification\.version = (\d+)/,
    install: 'Java 17 or later (Debian: apt-get install openjdk-17-jdk-headless)',
  },
  mvn: {
    args: ['-version'],
    minimum: 3,
    version: /Apache Maven (\d+)/,
    install: 'Maven 3 (apt-get install maven)',
  },
  go: {
    args: ['version'],
    minimum: 26,
    version: /go1\.(\d+)/,
    install: 'Go 1.26 or later (https://go.dev/dl)',
  },
  python3: {
    args: [
      '-c',
      'import sys, venv, ensurepip; print("python3 minor", sys.version_info[1], sys.version.split()[0])',
    ],
    minimum: 9,
    version: /python3 minor (\d+)/,
    install: 'Python 3.9 or later with venv (apt-get install python3-venv)',
  },
  openssl: {
    args: ['version'],
    minimum: 1,
    version: /SSL (\d+)/,
    install: 'openssl (apt-get install openssl)',
  },
  chromium: {
    args: ['--version'],
    minimum: 120,
    version: /Chromium (\d+)/,
    install: 'Chromium 120 or later (Debian: apt-get install chromium)',
  },
  promtool: {
    args: ['--version'],
    minimum: 2,
    version: /promtool, version (\d+)/,
    install: 'promtool 2 or later (Debian: apt-get install prometheus)',
  },
} as const satisfies Record<string, Tool>

type ToolName = keyof typeof tools

const needs: Readonly<Record<StackPart, readonly ToolName[]>> = {
  kafka: ['java', 'mvn'],
  registry: ['java', 'mvn'],
  collector: ['go'],
  python: ['python3'],
  openssl: ['openssl'],
  browser: ['chromium'],
  promtool: ['promtool'],
}

const outputs = new Map<ToolName, Promise<string>>()

/** What a program prints about its version, asked once a process; empty when it is not there. */
function outputOf(name: ToolName): Promise<string> {
  const known = outputs.get(name)
  if (known !== undefined) return known
  // Java and Maven print their version on stderr or in colour: take all there is.
  const asked = runTool('sh', ['-c', '"$@" 2>&1', 'sh', name, ...tools[name].args]).catch(() => '')
  outputs.set(name, asked)
  return asked
}

/** What is missing for this part to run here and how to get it; undefined when nothing is. */
export async function missingFor(part: StackPart): Promise<string | undefined> {
  const lacking: string[] = []
  for (const name of needs[part]) {
    const tool: Tool = tools[name]
    const version = Number(tool.version.exec(await outputOf(name))?.[1] ?? Number.NaN)
    if (!(version >= tool.minimum)) lacking.push(tool.install)
  }
  return lacking.length === 0 ? undefined : `needs ${lacking.join(' and ')}`
}

/**
 * True when the part can run here. Otherwise the test is skipped with the words that mend it; where `CI` is set it
 * fails instead: there a skipped part would look like a tested one.
 */
export async function requireStack(
  t: Pick<TestContext, 'skip'>,
  ...parts: readonly StackPart[]
): Promise<boolean> {
  for (const part of parts) {
    const missing = await missingFor(part)
    if (missing === undefined) continue
    if (process.env.CI) throw new Error(`a real ${part} ${missing}; in CI nothing is skipped`)
    t.skip(`a real ${part} ${missing}`)
    return false
  }
  return true
}

/** Full version of the Java that runs, for names in the cache. */
export async function javaVersion(): Promise<string> {
  return /java\.version = (\S+)/.exec(await outputOf('java'))?.[1] ?? 'unknown'
}

/** Full version of the Python that runs, for names in the cache. */
export async function pythonVersion(): Promise<string> {
  return /python3 minor \d+ (\S+)/.exec(await outputOf('python3'))?.[1] ?? 'unknown'
}
