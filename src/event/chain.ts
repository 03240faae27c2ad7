import { createHash } from 'node:crypto'

/** What the chain of an organization begins with: SHA-256 of the UTF-8 text of its source URI. */
export function firstChainHash(source: string): Buffer {
  return createHash('sha256').update(source, 'utf8').digest()
}

/** SHA-256(previous, 32 raw bytes ‖ SHA-256 of the element's exact bytes, 32 raw bytes). */
export function nextChainHash(previous: Uint8Array, elementSha256: Uint8Array): Buffer {
  return createHash('sha256').update(previous).update(elementSha256).digest()
}

/** `<sequence>:<chainHash in hex>`, the form in which an anchor is kept elsewhere. */
export function anchorOf(sequence: number, chainHash: Uint8Array): string {
  return `${sequence}:${Buffer.from(chainHash).toString('hex')}`
}
