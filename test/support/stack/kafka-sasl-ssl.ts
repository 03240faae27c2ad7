import { randomBytes } from 'node:crypto'
import { createCertificates } from './certificates.ts'
import { type KafkaServer, type ScramUser, startKafka } from './kafka.ts'
import type { KafkaProperties } from './kafka-properties.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Of this listener: with SASL Kafka ignores `ssl.client.auth` as it stands for all. */
export const CLIENT_AUTH = 'listener.name.sasl_ssl.ssl.client.auth'

export interface SaslSslKafkaServer extends KafkaServer {
  /** PEM of the authority that signed the broker's certificate. */
  readonly caPath: string
  /** PEM, for a broker that asks for it with `properties: { [CLIENT_AUTH]: 'required' }`. */
  readonly clientCertPath: string
  readonly clientKeyPath: string
  /** May do everything: creates topics and grants rights. */
  readonly superUser: ScramUser
  /** May do nothing until an ACL says so. */
  readonly user: ScramUser
}

/** A node that takes only TLS with SCRAM-SHA-512 and grants only what its ACLs say. About 4 s. */
export async function startSaslSslKafka(
  options: { readonly properties?: KafkaProperties; readonly dataDir?: string } = {},
): Promise<SaslSslKafkaServer> {
  const folder = await temporaryFolder('tls')
  try {
    const certificates = await createCertificates(folder.path)
    const superUser = { username: 'admin', password: randomBytes(12).toString('hex') }
    const user = { username: 'connector', password: randomBytes(12).toString('hex') }
    const login = `username="${superUser.username}" password="${superUser.password}"`
    const kafka = await startKafka({
      protocol: 'SASL_SSL',
      scramUsers: [superUser, user],
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
      properties: {
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
        'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required ${login};`,
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': certificates.serverKeyStorePath,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': certificates.caPath,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        // The node speaks to its own controller without a login; only its loopback port is open to that.
        'super.users': `User:${superUser.username};User:ANONYMOUS`,
        ...options.properties,
      },
    })
    const { stop } = kafka
    return Object.defineProperties(kafka, {
      ...Object.getOwnPropertyDescriptors({
        caPath: certificates.caPath,
        clientCertPath: certificates.clientCertPath,
        clientKeyPath: certificates.clientKeyPath,
        superUser,
        user,
        async stop() {
          await stop()
          await folder.remove()
        },
      }),
    }) as SaslSslKafkaServer
  } catch (error) {
    await folder.remove()
    throw error
  }
}
