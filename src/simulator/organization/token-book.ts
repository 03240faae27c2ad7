import { createHash } from 'node:crypto'
import { mix32 } from '../random.ts'
import type { Organization, ServiceAccount } from './organization.ts'

/** A token of a service account; of its value only a digest is kept. */
export interface AccountToken {
  readonly id: string
  displayName: string
  createdAtMs: number
  lastUsedAtMs: number | undefined
  readonly expirationMs: number | undefined
  permissions: readonly string[]
  repoIds: readonly string[]
  repoPermissions: readonly string[]
  endpointPatterns: readonly string[]
  skipNetworkSecurity: boolean
  last4: string
  digest: string
}

export interface TokenHolder {
  readonly organization: Organization
  readonly account: ServiceAccount
  readonly token: AccountToken
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LETTERS = 26

/** Which token values are whose, and which have died. Values themselves are not kept. */
export class TokenBook {
  readonly #seed: number
  #issued = 0
  readonly #live = new Map<string, TokenHolder>()
  readonly #dead = new Set<string>()

  constructor(seed: number) {
    this.#seed = seed
  }

  /** A value as long as the Hub's that says what it is. The same in every run, another one each time. */
  newValue(): { readonly value: string; readonly last4: string; readonly digest: string } {
    this.#issued += 1
    let value = 'hf_invented'
    let word = mix32(this.#seed ^ Math.imul(this.#issued, 0x9e3779b1))
    for (let i = 0; i < RANDOM_LETTERS; i += 1) {
      value += ALPHABET[word % ALPHABET.length]!
      word = mix32(word + this.#issued + i)
    }
    return { value, last4: value.slice(-4), digest: digestOf(value) }
  }

  /** From now on the value stands for its holder. */
  enter(holder: TokenHolder): void {
    this.#live.set(holder.token.digest, holder)
  }

  /** From now on the value is refused, whoever it belonged to. */
  withdraw(digest: string): void {
    this.#live.delete(digest)
    this.#dead.add(digest)
  }

  /** The service account's token of that value; `dead` for one that was withdrawn; undefined for any other. */
  find(value: string): TokenHolder | 'dead' | undefined {
    const digest = digestOf(value)
    return this.#dead.has(digest) ? 'dead' : this.#live.get(digest)
  }
}

export function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}
