import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { projectFolder } from './child-process.ts'
import { type CommandResult, type CommandRunner, startCommandRunner } from './command-runner.ts'
import { SECTIONS, type Step } from './hub-transcript-steps.ts'

export const TRANSCRIPT_PATH = 'docs/enterprise-transcript.md'

const INTRODUCTION = `# The enterprise commands, as they answer

Written by \`npm exec -- node test/support/hub-transcript.ts --write\` from real runs against \`hf-audit simulate\`, and held to
them by a test: change the commands, not this page. What goes to stderr is marked; an exit code other than 0 is told. Values of tokens,
request ids and days left are replaced. At a terminal the changing commands ask instead of \`--yes\`.

The variables are \`HF_ENDPOINT=http://localhost:8088\`, \`HF_TOKEN\`, \`HF_AUDIT_ADMIN_TOKEN\` and \`HF_AUDIT_ORGANIZATIONS=example-org\`.
`

/** The page, from runs of every command at one simulated Hub. */
export async function renderTranscript(runner: CommandRunner): Promise<string> {
  const hub = createSimulator({ organizations: ['example-org'], events: 300, plan: 'plus' })
  const { url } = await hub.start()
  try {
    let page = INTRODUCTION
    for (const { title, about, steps } of SECTIONS) {
      page += `\n## ${title}\n${about === '' ? '' : `\n${about}\n`}\n\`\`\`\n`
      for (const [index, step] of steps.entries()) {
        step.before?.(hub)
        const result = await runner.run(step.parameters, environmentOf(step, url), step.input)
        page += `${index === 0 ? '' : '\n'}${shown(step, result, url)}`
      }
      page += '```\n'
    }
    return page
  } finally {
    await hub.stop()
  }
}

function environmentOf({ variables = {} }: Step, url: string): Record<string, string> {
  return {
    HF_ENDPOINT: url,
    HF_TOKEN: 'hf_inventedReaderOfNobody0001',
    HF_AUDIT_ADMIN_TOKEN: 'hf_inventedAdminOfNobody00002',
    HF_AUDIT_ORGANIZATIONS: 'example-org',
    ...variables,
  }
}

function shown(step: Step, { code, pieces }: CommandResult, url: string): string {
  const { parameters, variables = {}, input, note } = step
  const word = (text: string) => (/^[\w./:@,=-]+$/.test(text) ? text : `'${text}'`)
  const before = Object.entries(variables).map(([name, value]) => `${name}=${value} `)
  const from = input === undefined ? '' : `printf '${JSON.stringify(input).slice(1, -1)}' | `
  const said = note === undefined ? '' : `# ${note}\n`
  const written = pieces.map(({ stream, text }) =>
    stream === 'stdout' ? text : text.replace(/^(?=.)/gm, '(stderr) '),
  )
  const end = code === 0 ? '' : `[exit ${code}]\n`
  const command = `${from}${before.join('')}hf-audit ${parameters.map(word).join(' ')}`
  const text = `${said}$ ${command}\n${written.join('')}${end}`
  return text
    .replaceAll(url, 'http://localhost:8088')
    .replace(/\(request id [^)]*\)/g, '(request id …)')
    .replace(/\(\d+ days left\)/g, '(… days left)')
    .replace(/hf_invented\w+/g, 'hf_…')
}

if (process.argv[1]?.endsWith('hub-transcript.ts')) {
  const runner = startCommandRunner()
  const page = await renderTranscript(runner)
  await runner.stop()
  const path = join(projectFolder, TRANSCRIPT_PATH)
  if (process.argv.includes('--write')) writeFileSync(path, page)
  else process.stdout.write(page === readFileSync(path, 'utf8') ? 'unchanged\n' : page)
}
