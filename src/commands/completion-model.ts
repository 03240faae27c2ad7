import type { Argument, Command, Option } from 'commander'

/** The command line as a shell needs it: one flat list of commands. */
export interface CompletedCommand {
  /** `[]` for the program itself, `['config', 'show']`. */
  readonly path: readonly string[]
  readonly description: string
  readonly options: readonly CompletedOption[]
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  /** What a word that is no option may be. */
  readonly word: CompletedValue
}

export interface CompletedOption {
  /** `--json`, `-V`. */
  readonly flags: readonly string[]
  readonly description: string
  /** Undefined for one that takes none. */
  readonly value: CompletedValue | undefined
}

export type CompletedValue =
  | { readonly kind: 'file' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'anything' }

/** Every command below `program`, itself first. */
export function completedCommands(program: Command, path: readonly string[] = []): CompletedCommand[] {
  const help = program.createHelp()
  const visible = help.visibleCommands(program)
  const subcommands = visible.map(command => ({ name: command.name(), description: command.description() }))
  const own: CompletedCommand = {
    path,
    description: program.description(),
    options: help.visibleOptions(program).map(completedOption),
    subcommands,
    word:
      path.at(-1) === 'help'
        ? { kind: 'words', words: [] }
        : completedValue(program.registeredArguments.map(argumentWord).find(word => word !== undefined)),
  }
  const inner = visible
    .filter(command => command.name() !== 'help')
    .flatMap(command => completedCommands(command, [...path, command.name()]))
  return [own, ...inner]
}

function completedOption(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter(flag => flag !== undefined)
  const takesValue = option.required || option.optional
  const placeholder = /<([^>]+)>/.exec(option.flags)?.[1] ?? ''
  const value = option.argChoices === undefined ? placeholder : option.argChoices
  return { flags, description: option.description, value: takesValue ? completedValue(value) : undefined }
}

function argumentWord(argument: Argument): string | readonly string[] | undefined {
  return argument.argChoices ?? argument.name()
}

function completedValue(value: string | readonly string[] | undefined): CompletedValue {
  if (Array.isArray(value)) return { kind: 'words', words: value }
  return value === 'file' || value === 'directory' || value === 'path'
    ? { kind: 'file' }
    : { kind: 'anything' }
}
