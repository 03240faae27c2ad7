import { hash } from 'node:crypto'
import { v5 as uuidV5 } from 'uuid'

/** UUIDv5 of the source URI in the URL namespace: `sourceID`, and the namespace of the source's records. */
export function sourceId(sourceUri: string): string {
  return uuidV5(sourceUri, uuidV5.URL)
}

const NAMESPACE_BYTES = 16
const VARIANTS = ['8', '9', 'a', 'b'] as const

/**
 * UUIDv5 of names in one namespace. Said again here because it is needed for every event and the package's own takes
 * three times as long; the tests hold it against the package. https://www.rfc-editor.org/rfc/rfc9562#section-5.5
 */
export function uuidV5In(namespace: string): (name: string) => string {
  const prefix = Buffer.from(namespace.replaceAll('-', ''), 'hex')
  return name => {
    const input = Buffer.allocUnsafe(NAMESPACE_BYTES + Buffer.byteLength(name))
    input.set(prefix)
    input.write(name, NAMESPACE_BYTES)
    const hex = hash('sha1', input, 'hex')
    const variant = VARIANTS[Number.parseInt(hex[16]!, 16) & 3]
    const node = hex.slice(20, 32)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${node}`
  }
}
