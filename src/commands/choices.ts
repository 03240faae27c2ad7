import { Argument, InvalidArgumentError, Option } from 'commander'
import { nearest } from '../config/file.ts'

/** An argument that is one of some words; a near miss is told. `also` are taken too, but not offered. */
export function wordArgument(
  flags: string,
  description: string,
  words: readonly string[],
  also: readonly string[] = [],
): Argument {
  const argument = new Argument(flags, description)
  argument.choices(words)
  return argument.argParser(wordParser(words, also))
}

export function wordOption(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words).argParser(wordParser(words))
}

/** May be given several times, or once with commas between. */
export function wordsOption(flags: string, description: string, words: readonly string[]): Option {
  const parse = wordParser(words)
  return new Option(flags, description)
    .choices(words)
    .argParser<string[] | undefined>((text, before = []) => [...before, ...listOf(text).map(parse)])
}

export function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser<string[] | undefined>((text, before = []) => [
    ...before,
    ...listOf(text),
  ])
}

export function flagOption(flags: string, description: string): Option {
  const parse = wordParser(['true', 'false'])
  return new Option(flags, description).choices(['true', 'false']).argParser(text => parse(text) === 'true')
}

export function wholeNumberOption(flags: string, description: string, least: number, most: number): Option {
  return new Option(flags, description).argParser(text => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  })
}

function wordParser(words: readonly string[], also: readonly string[] = []): (text: string) => string {
  return text => {
    if (words.includes(text) || also.includes(text)) return text
    throw new InvalidArgumentError(
      `Allowed choices are ${words.join(', ')}${nearest(text, words)}.`.replace('?.', '?'),
    )
  }
}

/** An unset shell variable must not become an empty list, which lifts a limit or takes everything away. */
function listOf(text: string): string[] {
  const parts = text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
  if (parts.length > 0) return parts
  throw new InvalidArgumentError('It is empty: give at least one value, or leave the option out.')
}
