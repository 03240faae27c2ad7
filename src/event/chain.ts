import { hash } from 'node:crypto'

const HASH_BYTES = 32

/** SHA-256 of a short text. In one call, and by way of a text of a byte a character: half of what a hash object costs. */
export function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'binary')
}

/** What the chain of an organization begins with: SHA-256 of the UTF-8 text of its source URI. */
export function firstChainHash(source: string): Buffer {
  return sha256(Buffer.from(source, 'utf8'))
}

/** SHA-256(previous, 32 raw bytes ‖ SHA-256 of the element's exact bytes, 32 raw bytes). */
export function nextChainHash(previous: Uint8Array, elementSha256: Uint8Array): Buffer {
  link.set(previous.subarray(0, HASH_BYTES))
  link.set(elementSha256.subarray(0, HASH_BYTES), HASH_BYTES)
  return sha256(link)
}
/** Used again for each: nothing keeps it. */
const link = Buffer.alloc(2 * HASH_BYTES)

/** `<sequence>:<chainHash in hex>`, the form in which an anchor is kept elsewhere. */
export function anchorOf(sequence: number, chainHash: Uint8Array): string {
  return `${sequence}:${Buffer.from(chainHash).toString('hex')}`
}
