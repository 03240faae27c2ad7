import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** An authority made for one test, with certificates for a server on 127.0.0.1 and for a client. In PEM. */
export interface TestCertificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

// Just enough DER of RFC 5280 for Node to accept the certificates; no key lies in the repository.
const der = (tag: number, ...parts: (Buffer | number[])[]): Buffer => {
  const content = Buffer.concat(parts.map(part => Buffer.from(part)))
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const oid = (...bytes: number[]) => der(0x06, bytes)
const name = (text: string) =>
  sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(text)))))
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
const extension = (id: Buffer, value: Buffer) => sequence(id, der(0x04, value))

const isAuthority = extension(oid(0x55, 0x1d, 0x13), sequence(der(0x01, [0xff])))
/** 127.0.0.1 and localhost. */
const forLoopback = extension(
  oid(0x55, 0x1d, 0x11),
  sequence(der(0x87, [127, 0, 0, 1]), der(0x82, Buffer.from('localhost'))),
)

function certificate(
  subject: string,
  issuer: string,
  key: KeyObject,
  signer: KeyObject,
  extensions: Buffer[],
): string {
  const publicKey = key.export({ type: 'spki', format: 'der' })
  const serial = createHash('sha256').update(publicKey).digest().subarray(0, 8)
  const time = (text: string) => der(0x18, Buffer.from(text))
  const body = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [1], serial),
    ECDSA_WITH_SHA256,
    name(issuer),
    sequence(time('20200101000000Z'), time('21200101000000Z')),
    name(subject),
    publicKey,
    ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
  )
  const whole = sequence(body, ECDSA_WITH_SHA256, der(0x03, [0], sign('sha256', body, signer)))
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

export function makeCertificates(): TestCertificates {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const [authority, server, client] = [pair(), pair(), pair()]
  const issued = (subject: string, key: KeyObject, extensions: Buffer[]) =>
    certificate(subject, 'Test Authority', key, authority.privateKey, extensions)
  return {
    ca: issued('Test Authority', authority.publicKey, [isAuthority]),
    server: { cert: issued('server', server.publicKey, [forLoopback]), key: pem(server.privateKey) },
    client: { cert: issued('client', client.publicKey, []), key: pem(client.privateKey) },
  }
}
