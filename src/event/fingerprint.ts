/**
 * CRC-64-AVRO, the fingerprint of single-object encoding, which avsc does not have.
 * https://avro.apache.org/docs/1.12.0/specification/#schema-fingerprints
 */
const EMPTY = 0xc15d213aa4d7a795n

let table: BigUint64Array | undefined

function crcTable(): BigUint64Array {
  const made = new BigUint64Array(256)
  for (let index = 0; index < 256; index++) {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (EMPTY & -(value & 1n))
    made[index] = value
  }
  return made
}

/** The 64-bit Rabin fingerprint of the UTF-8 bytes of a schema's parsing canonical form. */
export function crc64Avro(canonicalSchema: string): bigint {
  table ??= crcTable()
  let fingerprint = EMPTY
  for (const byte of Buffer.from(canonicalSchema, 'utf8')) {
    fingerprint = (fingerprint >> 8n) ^ table[Number((fingerprint ^ BigInt(byte)) & 0xffn)]!
  }
  return fingerprint
}

/** As 16 hexadecimal digits, the form in which the specification and other tools print it. */
export function fingerprintText(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0')
}
