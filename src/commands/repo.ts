import { Command } from 'commander'
import { visibilityCommand } from './repo/visibility.ts'

export function repoCommand(): Command {
  return new Command('repo')
    .description('Settings of a repository at the Hub.')
    .addCommand(visibilityCommand())
    .addHelpText('after', '\nExample:\n  $ hf-audit repo visibility datasets/acme/prices private')
}
