import { Command } from 'commander'
import {
  LISTED_REPO_TYPES,
  type ListRepositoriesOptions,
  listRepositories,
  REPOSITORY_SORTS,
  type Repository,
  SORT_DIRECTIONS,
} from '../../hub/enterprise/list-repositories.ts'
import { bytesText } from '../../status/words.ts'
import { wholeNumberOption, wordOption } from '../choices.ts'
import { callAsAdmin, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { type Column, table } from '../table.ts'

type RepositoriesOptions = HubOptions &
  Pick<ListRepositoriesOptions, 'search' | 'type' | 'limit' | 'sort' | 'direction'>

const COLUMNS: readonly Column<Repository>[] = [
  { heading: 'repository', text: ({ id }) => id },
  { heading: 'type', text: ({ type }) => type },
  { heading: 'visibility', text: ({ visibility }) => visibility },
  { heading: 'storage', text: ({ storage }) => bytesText(storage) },
  { heading: 'updated', text: ({ updatedAt }) => updatedAt },
]

export function repositoriesCommand(): Command {
  return withHubOptions(
    new Command('repositories')
      .description('The repositories of an organization, with visibility and storage.')
      .option('--search <text>', 'part of a name')
      .addOption(wordOption('--type <type>', 'of one type', LISTED_REPO_TYPES))
      .addOption(wholeNumberOption('--limit <number>', 'at most so many', 1, Number.MAX_SAFE_INTEGER))
      .addOption(wordOption('--sort <field>', 'by what; the Hub’s default is storage', REPOSITORY_SORTS))
      .addOption(wordOption('--direction <direction>', 'the Hub’s default is desc', SORT_DIRECTIONS)),
  )
    .addHelpText(
      'after',
      `
With --json a line for each repository; storage is in bytes there.

Examples:
  $ hf-audit org repositories --type dataset --sort updatedAt
  $ hf-audit org repositories --json | jq -r 'select(.visibility == "public").id'`,
    )
    .action(async (options: RepositoriesOptions) => {
      const session = openSession(options)
      const { search, type, limit, sort, direction } = options
      const call = await callAsAdmin(session)
      const wanted = { ...call, search, type, limit, sort, direction }
      const repositories = await listRepositories(session.organization.name, wanted)
      if (session.json) for (const one of repositories) process.stdout.write(`${jsonText(one)}\n`)
      else process.stdout.write(table(COLUMNS, repositories, process.stdout))
    })
}
