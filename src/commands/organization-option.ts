import { nearest } from '../config/file.ts'
import { organizationName } from '../config/values.ts'
import { type Config, invalid } from '../config.ts'
import type { Organization } from '../event/organization.ts'

/**
 * The organization that the configuration knows by this name or identity. Where it lists any, another name is a
 * mistake, of which a trail of its own would come; where it lists none, the name is taken as it is.
 */
export function organizationOf(
  { organizations, endpoint }: Pick<Config, 'organizations' | 'endpoint'>,
  name: string,
): Organization {
  const known = organizations.find(
    organization => organization.identity === name || organization.name === name,
  )
  if (known !== undefined) return known
  const allowed = organizations.flatMap(organization => [organization.identity, organization.name])
  if (allowed.length > 0) {
    throw invalid([
      `--organization is "${name}", which is not among the configured ones (${[...new Set(allowed)].join(', ')})` +
        nearest(name, allowed),
    ])
  }
  const checked = organizationName.safeParse(name)
  if (checked.success) return { name, identity: name, endpoint }
  throw invalid([`--organization is ${JSON.stringify(name)}; ${checked.error.issues[0]!.message}`])
}

/**
 * Whom a question to the Hub is about: the name given, of any organization since no trail comes of it; without one the
 * only organization that is configured.
 */
export function askedOrganization(
  { organizations, endpoint }: Pick<Config, 'organizations' | 'endpoint'>,
  name: string | undefined,
): Organization {
  if (name === undefined) {
    const [only, ...others] = organizations
    if (only !== undefined && others.length === 0) return only
    const listed = organizations.map(organization => organization.name).join(', ')
    throw invalid([
      listed === ''
        ? 'no organization is named; give --organization, or set HF_AUDIT_ORGANIZATIONS'
        : `several organizations are configured (${listed}); give --organization`,
    ])
  }
  const known = organizations.find(({ identity, name: own }) => identity === name || own === name)
  if (known !== undefined) return known
  const checked = organizationName.safeParse(name)
  if (checked.success) return { name, identity: name, endpoint }
  throw invalid([`--organization is ${JSON.stringify(name)}; ${checked.error.issues[0]!.message}`])
}

/** The same configuration for one organization: Kafka must know of it, even where the configuration does not list it. */
export function forOrganizations(config: Config, organizations: readonly Organization[]): Config {
  const kafka = config.kafka === undefined ? undefined : { ...config.kafka, organizations }
  return { ...config, organizations, kafka }
}
