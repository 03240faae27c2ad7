import kafkajs, { type PartitionAssigner } from 'kafkajs'
import { balanceShards } from './balance.ts'

const { AssignerProtocol } = kafkajs
const PROTOCOL = 'hf-audit-sticky'

/**
 * What a member tells the leader, whichever member that is: the shards it has, and for how long it has not heard of the
 * group. Of a generation kafkajs tells only with the first heartbeat, too late for two who join one after the other;
 * and a duration needs no clocks that agree.
 */
export interface Claim {
  readonly unheardMs: number
  readonly shards: readonly number[]
}

export interface Dealing {
  readonly topic: string
  readonly shards: number
  /** Shards with organizations. */
  readonly busy: ReadonlySet<number>
}

/** Deals the topic's partitions so that as few as possible move. `claim` is asked at each join. */
export function stickyAssigner({ topic, shards, busy }: Dealing, claim: () => Claim): PartitionAssigner {
  return () => ({
    name: PROTOCOL,
    version: 1,
    assign: async ({ members }) => {
      const workers = members.map(({ memberId, memberMetadata }) => {
        const { unheardMs, shards: owned } = readClaim(memberMetadata, shards)
        return { id: memberId, unheardMs, owned }
      })
      const dealt = balanceShards(shards, busy, workers)
      return [...dealt].map(([memberId, owned]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 1,
          assignment: { [topic]: owned },
          userData: Buffer.alloc(0),
        }),
      }))
    },
    protocol: ({ topics }) => ({
      name: PROTOCOL,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics,
        userData: Buffer.from(JSON.stringify(claim())),
      }),
    }),
  })
}

function readClaim(metadata: Buffer, shards: number): Claim {
  try {
    const { userData } = AssignerProtocol.MemberMetadata.decode(metadata)!
    const told = JSON.parse(userData.toString('utf8')) as Partial<Claim>
    return {
      unheardMs: typeof told.unheardMs === 'number' ? told.unheardMs : Number.MAX_VALUE,
      shards: told.shards!.filter(shard => Number.isInteger(shard) && shard >= 0 && shard < shards),
    }
  } catch {
    return { unheardMs: Number.MAX_VALUE, shards: [] }
  }
}
