/** One request as the simulator saw it. Never holds a token. */
export interface SeenRequest {
  readonly atMs: number
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** The host it was sent to: tells a redirect that was followed. */
  readonly host: string
  readonly authorization: 'none' | 'accepted' | 'refused'
  readonly userAgent: string | undefined
  readonly acceptEncoding: string | undefined
  readonly requestId: string
  /** Kinds of the faults that were applied. */
  faults: readonly string[]
  /** Undefined while there is no answer. */
  status: number | undefined
  /** Bytes of body that were handed to the connection. */
  bytes: number
  /** `open`, then `complete`, or `cut` when the connection closed before the end. */
  outcome: 'open' | 'complete' | 'cut'
}

const KEPT = 1_000

/** The latest requests, and how many there were. */
export class RequestLog {
  #total = 0
  readonly #latest: SeenRequest[] = []

  get total(): number {
    return this.#total
  }

  add(request: SeenRequest): void {
    this.#total += 1
    this.#latest.push(request)
    if (this.#latest.length > KEPT) this.#latest.shift()
  }

  list(): readonly SeenRequest[] {
    return this.#latest.map(request => ({ ...request }))
  }
}
