import type { HubToken } from '../token.ts'

/** What every call takes as, or within, its last argument. */
export interface CallOptions {
  /**
   * The token, or the token with where it comes from, for the words of errors. Without it the Hub's own conventions
   * apply: `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`. Read again at every call.
   */
  readonly accessToken?: string | HubToken | undefined
  /** Where the Hub is; without it `HF_ENDPOINT`, or `https://huggingface.co`. */
  readonly endpoint?: string | undefined
  /** Ends the call with `STOPPED`. */
  readonly signal?: AbortSignal | undefined
  /** Where the variables named here, and those of the proxies, are looked up: by default the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}
