import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runTool } from './run-tool.ts'

export interface Certificates {
  /** The authority that signed both, PEM. */
  readonly caPath: string
  /** Private key and chain in one file, for 127.0.0.1 and localhost: Kafka's PEM key store. */
  readonly serverKeyStorePath: string
  readonly clientCertPath: string
  readonly clientKeyPath: string
}

/** A throw-away authority with a server's and a client's certificate, by openssl, valid for two days. */
export async function createCertificates(directory: string): Promise<Certificates> {
  const path = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => runTool('openssl', args, { cwd: directory })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=keyCertSign,cRLSign',
  ]
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
    ...authority,
  )
  const sign = async (name: string, extensions: string) => {
    await openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    await writeFile(path(`${name}.ext`), extensions)
    const authorityFiles = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`]
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      ...authorityFiles,
    )
  }
  await sign('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n')
  await sign('client', 'extendedKeyUsage=clientAuth\n')
  const files = ['server.key', 'server.pem', 'ca.pem'].map(path)
  await writeFile(path('server-store.pem'), await runTool('cat', files), { mode: 0o600 })
  return {
    caPath: path('ca.pem'),
    serverKeyStorePath: path('server-store.pem'),
    clientCertPath: path('client.pem'),
    clientKeyPath: path('client.key'),
  }
}
