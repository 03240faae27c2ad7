import type { CompletedCommand, CompletedOption, CompletedValue } from './completion-model.ts'

/** Scripts that know the whole command line by themselves: a Tab must not wait for Node.js to start. */

const NAME = 'hf-audit'

/** For bash 3.2 and newer; needs no bash-completion. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const known = commands.filter(({ path }) => path.length > 0).map(({ path }) => path.join(' '))
  const cases = commands.map(command => {
    const words = [
      ...command.options.flatMap(({ flags }) => flags),
      ...command.subcommands.map(({ name }) => name),
    ]
    const withValue = command.options.filter(option => option.value !== undefined)
    const values = withValue.map(
      ({ flags, value }) => `        ${flags.map(bashWord).join('|')}) ${bashValue(value!)}; return ;;`,
    )
    const choices = command.word.kind === 'words' ? command.word.words : []
    const files = command.word.kind === 'file' ? '\n      [[ $current == -* ]] || _hf_audit_files' : ''
    return `    ${bashWord(command.path.join(' '))})
      case "$previous" in
${values.join('\n')}
      esac
      COMPREPLY=($(compgen -W ${bashWord([...words, ...choices].join(' '))} -- "$current"))${files} ;;`
  })
  return `# bash completion of ${NAME}: eval "$(${NAME} completion bash)" in ~/.bashrc
_hf_audit_files() {
  local file
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
  compopt -o filenames 2>/dev/null
}
_hf_audit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${command:+$command }$word" in
      ${known.map(bashWord).join('|')}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command" in
${cases.join('\n')}
  esac
}
complete -o default -F _hf_audit ${NAME}
`
}

function bashValue(value: CompletedValue): string {
  if (value.kind === 'file') return '_hf_audit_files'
  return value.kind === 'words'
    ? `COMPREPLY=($(compgen -W ${bashWord(value.words.join(' '))} -- "$current"))`
    : 'COMPREPLY=()'
}

function bashWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

export function zshScript(commands: readonly CompletedCommand[]): string {
  const functions = commands.map(command => {
    const options = command.options.flatMap(option => zshOption(option))
    if (command.subcommands.length === 0) {
      const word = command.word.kind === 'file' ? ["'*:file:_files'"] : []
      return `${zshName(command.path)}() {\n  _arguments ${[...options, ...word].join(' \\\n    ')}\n}`
    }
    const listed = command.subcommands.map(
      ({ name, description }) => `    ${zshText(`${name}:${description}`)}`,
    )
    const branches = command.subcommands.map(
      ({ name }) => `        ${name}) ${name === 'help' ? ':' : zshName([...command.path, name])} ;;`,
    )
    return `${zshName(command.path)}() {
  local line state
  local -a commands=(
${listed.join('\n')}
  )
  _arguments -C ${options.join(' \\\n    ')} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $line[1] in
${branches.join('\n')}
      esac ;;
  esac
}`
  })
  return `#compdef ${NAME}
# zsh completion of ${NAME}: eval "$(${NAME} completion zsh)" in ~/.zshrc, after compinit
${functions.join('\n')}
compdef ${zshName([])} ${NAME}
`
}

function zshName(path: readonly string[]): string {
  return ['_hf_audit', ...path].join('_').replaceAll('-', '_')
}

function zshOption({ flags, description, value }: CompletedOption): string[] {
  return flags.map(flag => {
    const about = `[${description.replace(/[[\]]/g, '\\$&')}]`
    if (value === undefined) return zshText(`${flag}${about}`)
    const action =
      value.kind === 'file' ? '_files' : value.kind === 'words' ? `(${value.words.join(' ')})` : ''
    return zshText(`${flag}${about}:value:${action}`)
  })
}

function zshText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(command => {
    const condition = fishCondition(command)
    const names = command.subcommands.map(
      ({ name, description }) =>
        `complete -c ${NAME} -f -n ${fishText(condition)} -a ${fishText(name)} -d ${fishText(description)}`,
    )
    const options = command.options.map(({ flags, description, value }) => {
      const long = flags.filter(flag => flag.startsWith('--')).map(flag => ` -l ${flag.slice(2)}`)
      const short = flags.filter(flag => !flag.startsWith('--')).map(flag => ` -s ${flag.slice(1)}`)
      const taken =
        value === undefined
          ? ''
          : value.kind === 'words'
            ? ` -x -a ${fishText(value.words.join(' '))}`
            : value.kind === 'file'
              ? ' -r -F'
              : ' -x'
      return `complete -c ${NAME} -n ${fishText(condition)}${long.join('')}${short.join('')}${taken} -d ${fishText(description)}`
    })
    const words =
      command.word.kind === 'words' && command.word.words.length > 0
        ? [`complete -c ${NAME} -f -n ${fishText(condition)} -a ${fishText(command.word.words.join(' '))}`]
        : []
    return [...names, ...options, ...words]
  })
  return `# fish completion of ${NAME}: ${NAME} completion fish > ~/.config/fish/completions/${NAME}.fish
${lines.join('\n')}
`
}

/** Within this command, and not yet within one of its subcommands. */
function fishCondition({ path, subcommands }: CompletedCommand): string {
  const within = path.map(name => `__fish_seen_subcommand_from ${name}`)
  const names = subcommands.map(({ name }) => name).join(' ')
  const below = names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`]
  return [...within, ...below].join('; and ')
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
