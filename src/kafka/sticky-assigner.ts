import kafkajs, { type PartitionAssigner } from 'kafkajs'
import { balanceShards } from './balance.ts'

const { AssignerProtocol } = kafkajs
const PROTOCOL = 'hf-audit-sticky'

/** What a member tells the leader, whichever member that is: the shards it has, and since which generation. */
export interface Claim {
  readonly generation: number
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
        const { generation, shards: owned } = readClaim(memberMetadata, shards)
        return { id: memberId, generation, owned }
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
      generation: Number(told.generation),
      shards: told.shards!.filter(shard => Number.isInteger(shard) && shard >= 0 && shard < shards),
    }
  } catch {
    return { generation: 0, shards: [] }
  }
}
