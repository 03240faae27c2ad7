import { firstChainHash } from './chain.ts'
import { CHECKPOINT_FORMAT_VERSION, DIGEST_VERSION, type Head } from './checkpoint.ts'
import { type Organization, sourceUri } from './organization.ts'

/** Where the trail of an organization stands before its first record. */
export function newHead(organization: Organization): Head {
  return {
    formatVersion: CHECKPOINT_FORMAT_VERSION,
    digestVersion: DIGEST_VERSION,
    endpoint: organization.endpoint,
    sequence: 0,
    chainHash: firstChainHash(sourceUri(organization)),
    newestCreatedAtMs: null,
    polledAtMs: null,
    totals: { polls: 0, fetched: 0, published: 0, alreadySeen: 0, filtered: 0, deadLettered: 0, repeated: 0 },
    openPoll: null,
    emptyExports: 0,
    lastPosition: null,
  }
}
