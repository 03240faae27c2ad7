import { Command } from 'commander'
import { ConnectorError } from '../../errors.ts'
import { parseRepo, REPO_TYPES, type Repo, type RepoType } from '../../hub/enterprise/repo-settings.ts'
import {
  CDN_PROVIDERS,
  CDN_REGIONS,
  type CdnRegion,
  setRepoInternalVisibility,
  setRepoInternalVisibilityRequest,
  VISIBILITIES,
  type Visibility,
} from '../../hub/enterprise/set-repo-visibility.ts'
import { listOption, wordArgument, wordOption } from '../choices.ts'
import { printResult } from '../hub-change/print-result.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession } from '../hub-session.ts'
import { tell } from '../standard-output.ts'

interface VisibilityOptions extends ChangeOptions {
  readonly type?: RepoType
  readonly cdnRegion?: readonly string[]
}

/** What the Hub does not have, and is refused with what to use instead. */
const UNKNOWN_TO_THE_HUB: readonly string[] = ['internal']

export function visibilityCommand(): Command {
  const command = new Command('visibility')
    .description('Make a repository public, private or (a Space) protected.')
    .argument(
      '<repository>',
      'namespace/name, with datasets/, spaces/ or buckets/ before it unless it is a model',
    )
    .addArgument(wordArgument('<visibility>', 'the new one', VISIBILITIES, UNKNOWN_TO_THE_HUB))
    .addOption(wordOption('--type <type>', 'instead of datasets/ and the like before the name', REPO_TYPES))
    .addOption(
      listOption(
        '--cdn-region <provider:region>',
        'of a bucket, which the Hub sets together with it: gcp or aws, us or eu; none for none',
      ),
    )
    .option('--json', 'for programs: the settings as the Hub answers them')
    .option('--config <file>', 'a YAML file; the environment comes before it')
  return withChangeOptions(command)
    .addHelpText(
      'after',
      `
The Hub has no visibility "internal": a private repository of an organization is seen by its members alone.
${CHANGE_HELP}

Examples:
  $ hf-audit repo visibility acme/model private --dry-run
  $ hf-audit repo visibility datasets/acme/prices public
  $ hf-audit repo visibility spaces/acme/demo protected
  $ hf-audit repo visibility buckets/acme/logs private --cdn-region aws:eu`,
    )
    .action(setVisibility)
}

async function setVisibility(
  text: string,
  visibility: Visibility,
  options: VisibilityOptions,
): Promise<void> {
  const repo = repoOf(text, options.type)
  // Its owner is the organization whose token may serve.
  const session = openSession({ ...options, organization: repo.name.split('/')[0]! })
  const regions = { cdnRegions: regionsOf(options.cdnRegion) }
  if (
    repo.type === 'bucket' &&
    regions.cdnRegions === undefined &&
    !UNKNOWN_TO_THE_HUB.includes(visibility)
  ) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `The Hub sets the visibility of a bucket together with its CDN regions, and does not tell them: give those that ${repo.name} is to have with --cdn-region, none for none.`,
    )
  }
  const words = `the ${repo.type} ${repo.name}`
  await runChange(session, options, {
    requests: [{ request: setRepoInternalVisibilityRequest(repo, visibility, regions) }],
    async prepare(call) {
      const everybody = visibility === 'private' ? '' : ' Everybody can see it then.'
      return {
        question: `Make ${words} ${visibility}?${everybody}`,
        async perform() {
          const settings = await setRepoInternalVisibility(repo, visibility, { ...call, ...regions })
          const found = contradicting(settings, visibility)
          const sentence = `${words.replace(/^t/, 'T')} is ${found ?? visibility} now.`
          printResult(session.json, settings, sentence)
          if (found === undefined) return
          tell(`The Hub took the change to ${visibility}, and answers that it is ${found}.`)
          process.exitCode = 1
        },
      }
    },
  })
}

/** What the Hub answers that it is, where that is not what was asked for. */
function contradicting(
  settings: { readonly visibility?: unknown; readonly private?: boolean | undefined },
  wanted: Visibility,
): string | undefined {
  const { visibility, private: isPrivate } = settings
  if (typeof visibility === 'string') return visibility === wanted ? undefined : visibility
  // A protected Space may be called either.
  if (isPrivate === undefined || wanted === 'protected' || isPrivate === (wanted === 'private'))
    return undefined
  return isPrivate ? 'private' : 'public'
}

function repoOf(text: string, type: RepoType | undefined): Repo {
  const parsed = parseRepo(type === undefined || text.split('/').length === 3 ? text : { type, name: text })
  if (type === undefined || parsed.type === type) return parsed
  throw new ConnectorError('CONFIG_INVALID', `${text} is a ${parsed.type}, and --type says ${type}.`)
}

function regionsOf(list: readonly string[] | undefined): CdnRegion[] | undefined {
  if (list?.length === 1 && list[0] === 'none') return []
  return list?.map(text => {
    const [provider, region, ...rest] = text.split(':')
    const found = {
      provider: CDN_PROVIDERS.find(one => one === provider),
      region: CDN_REGIONS.find(one => one === region),
    }
    if (found.provider !== undefined && found.region !== undefined && rest.length === 0)
      return { provider: found.provider, region: found.region }
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${JSON.stringify(text)} is no CDN region: allowed is provider:region, with gcp or aws, and us or eu, such as aws:eu.`,
    )
  })
}
