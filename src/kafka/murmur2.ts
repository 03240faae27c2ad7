const MULTIPLIER = 0x5bd1e995
const ROTATION = 24
const SEED = 0x9747b28c

/**
 * MurmurHash2 as Kafka's Java clients compute it for a record's key, a signed 32-bit number.
 * https://github.com/apache/kafka/blob/4.3/clients/src/main/java/org/apache/kafka/common/utils/Utils.java
 */
export function murmur2(bytes: Buffer): number {
  let hash = SEED ^ bytes.length
  const whole = bytes.length & ~3
  for (let offset = 0; offset < whole; offset += 4) {
    let word = Math.imul(bytes.readInt32LE(offset), MULTIPLIER)
    word = Math.imul(word ^ (word >>> ROTATION), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ word
  }
  if (bytes.length > whole) {
    for (let offset = bytes.length - 1; offset >= whole; offset--) {
      hash ^= bytes[offset]! << ((offset - whole) * 8)
    }
    hash = Math.imul(hash, MULTIPLIER)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return (hash ^ (hash >>> 15)) | 0
}

/** The partition that Java's default partitioner gives a record with this key. */
export function partitionOfKey(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

export function partitionOf(identity: string, partitions: number): number {
  return partitionOfKey(Buffer.from(identity, 'utf8'), partitions)
}
