/** One organization whose audit log is published. */
export interface Organization {
  /** The Hub's present name, used in requests. */
  readonly name: string
  /** What key, ids, shard and chain hang on; stays when the organization is renamed. */
  readonly identity: string
  /** Origin and path of the Hub, without a trailing slash. */
  readonly endpoint: string
}

/** `<endpoint>/organizations/<identity>`: CloudEvents source, seed of the ids and of the chain. */
export function sourceUri(organization: Organization): string {
  return `${organization.endpoint}/organizations/${organization.identity}`
}
