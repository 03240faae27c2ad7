import type { Config, ConfiguredOrganization } from './config.ts'

/** The same configuration with this list wherever one is kept. */
export function withOrganizations(config: Config, organizations: readonly ConfiguredOrganization[]): Config {
  const kafka = config.kafka === undefined ? undefined : { ...config.kafka, organizations }
  return { ...config, organizations, kafka }
}

/** Names of what differs and cannot be changed while it runs: everything but organizations and tokens. */
export function restartNeeds(running: Config, next: Config): string[] {
  const comparable = (config: Config): [string, string | undefined][] => {
    const { organizations: _, environment: __, warnings: ___, ...rest } = withOrganizations(config, [])
    // As text: URLs hold nothing that a deep comparison would look at.
    return Object.entries(rest).map(([name, value]) => [name, JSON.stringify(value)])
  }
  const before = new Map(comparable(running))
  return comparable(next).flatMap(([name, text]) => (before.get(name) === text ? [] : [name]))
}
