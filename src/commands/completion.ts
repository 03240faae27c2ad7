import { Argument, Command } from 'commander'
import { completedCommands } from './completion-model.ts'
import { bashScript, fishScript, zshScript } from './completion-scripts.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const
type Shell = keyof typeof SCRIPTS

export function completionCommand(): Command {
  return new Command('completion')
    .description('Print a script that completes commands, options and their values in a shell.')
    .addArgument(new Argument('<shell>', 'for which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Examples:
  $ eval "$(hf-audit completion bash)"       in ~/.bashrc
  $ eval "$(hf-audit completion zsh)"        in ~/.zshrc, after compinit
  $ hf-audit completion fish > ~/.config/fish/completions/hf-audit.fish`,
    )
    .action((shell: Shell, _: object, command: Command) => {
      process.stdout.write(SCRIPTS[shell](completedCommands(command.parent ?? command)))
    })
}
