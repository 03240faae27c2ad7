import type { CallOptions } from './call-options.ts'
import { streamMembers } from './members.ts'

/** A resource group as the list of members tells of it. */
export interface ResourceGroup {
  readonly id: string
  readonly name: string
  /** As the Hub counts them. */
  readonly numUsers: number
  readonly users: readonly { readonly user: string; readonly role: string }[]
}

/**
 * The resource groups of an organization, by name. The Hub's document has no list of them: this is derived from the
 * members, so a group without a member is missing from it.
 */
export async function listResourceGroups(
  organization: string,
  options: CallOptions = {},
): Promise<ResourceGroup[]> {
  const groups = new Map<string, ResourceGroup & { users: { user: string; role: string }[] }>()
  for await (const { user, resourceGroups = [] } of streamMembers(organization, options)) {
    for (const { id, name, numUsers, role } of resourceGroups) {
      const group = groups.get(id) ?? { id, name, numUsers, users: [] }
      group.users.push({ user, role })
      groups.set(id, group)
    }
  }
  return [...groups.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
