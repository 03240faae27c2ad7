import { rewriteEscapedKeys } from './exact-json.ts'

/**
 * JSON.parse, but right about keys that are written with escapes. V8 from 12.8 on may read such a key as another one
 * that an object before it had (`{"\\":0}`, then `{"\n":0}`): what an event says would depend on what came before it.
 * https://github.com/nodejs/node/issues/63785
 * So those keys are written without escapes before they are parsed. Throws a SyntaxError as JSON.parse does.
 */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  if (!text.includes('\\')) return parsed
  const standIns = new StandIns(text)
  const rewritten = rewriteEscapedKeys(text, key => standIns.write(key))
  return rewritten === text ? parsed : standIns.putBack(JSON.parse(rewritten))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON cannot write without an escape.
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/

/** Names for the keys that cannot be written without an escape, the same for the same key. */
class StandIns {
  readonly #names = new Map<string, string>()
  readonly #keys = new Map<string, string>()
  #prefix = '\ue000'

  constructor(text: string) {
    while (text.includes(this.#prefix)) this.#prefix += '\ue000'
  }

  /** What stands between the quotes. */
  write(key: string): string {
    if (!NEEDS_ESCAPE.test(key)) return key
    let name = this.#names.get(key)
    if (name === undefined) {
      name = `${this.#prefix}${this.#names.size}`
      this.#names.set(key, name)
      this.#keys.set(name, key)
    }
    return name
  }

  /** Gives the members in `root`, however deep, their keys back. */
  putBack(root: unknown): unknown {
    const waiting = this.#names.size === 0 ? [] : [root]
    while (waiting.length > 0) {
      const value = waiting.pop()
      if (typeof value !== 'object' || value === null) continue
      const members = value as Record<string, unknown>
      for (const name of Object.keys(members)) {
        const member = members[name]
        waiting.push(member)
        const key = this.#keys.get(name)
        if (key === undefined) continue
        delete members[name]
        members[key] = member
      }
    }
    return root
  }
}
