import { ConnectorError } from '../errors.ts'

/** What kafkajs puts on its errors, as far as it is looked at here. */
interface KafkaErrorShape {
  readonly name?: string
  readonly message?: string
  /** Kafka's own name of a protocol error, such as `INVALID_PRODUCER_EPOCH`. */
  readonly type?: string
  readonly code?: string | number
  readonly cause?: unknown
}

const FENCED_TYPES = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_TXN_STATE'])

const NO_LEADER_TYPES = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE'])

const UNKNOWN_TOPIC_TYPES = new Set(['UNKNOWN_TOPIC_OR_PARTITION'])

const COORDINATOR_STARTING_TYPES = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
])

const UNTRUSTED_CERTIFICATE_CODES = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
])

const AUTHORIZATION_MENDS: Record<string, string> = {
  TOPIC_AUTHORIZATION_FAILED: 'allow DESCRIBE, READ and WRITE on the topics that begin with KAFKA_TOPIC',
  GROUP_AUTHORIZATION_FAILED: 'allow READ on the consumer groups that begin with KAFKA_TOPIC',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    'allow DESCRIBE and WRITE on the transactional ids that begin with KAFKA_TOPIC',
  CLUSTER_AUTHORIZATION_FAILED: 'allow IDEMPOTENT_WRITE on the cluster, or WRITE on the topics',
  OPERATION_NOT_ATTEMPTED: 'allow WRITE on all five topics that begin with KAFKA_TOPIC',
}

/** The error and its causes, outermost first. */
function* causes(error: unknown): Generator<KafkaErrorShape> {
  let current: unknown = error
  for (let depth = 0; depth < 10 && typeof current === 'object' && current !== null; depth++) {
    yield current as KafkaErrorShape
    current = (current as KafkaErrorShape).cause
  }
}

/** The error or a cause of it has one of these names of Kafka's. */
function isOfType(error: unknown, types: ReadonlySet<string>): boolean {
  for (const { type } of causes(error)) if (type !== undefined && types.has(type)) return true
  return false
}

/** Another producer took the transactional id over, or the transaction timed out: both show the same code. */
export function isFenced(error: unknown): boolean {
  return isOfType(error, FENCED_TYPES)
}

/** The broker that was asked does not lead the partition (yet). */
export function hasNoLeader(error: unknown): boolean {
  return isOfType(error, NO_LEADER_TYPES)
}

/** The topic, or this partition of it, is not there. */
export function isUnknownTopic(error: unknown): boolean {
  return isOfType(error, UNKNOWN_TOPIC_TYPES)
}

/** The group's coordinator is reading what it keeps, or moves: a broker that has just started takes some seconds. */
export function isCoordinatorStarting(error: unknown): boolean {
  return isOfType(error, COORDINATOR_STARTING_TYPES)
}

/**
 * What went wrong, for programs and people. `doing` begins the message: "reading the checkpoint of …". Wrong
 * credentials, certificates and permissions are not retryable; everything else about the connection is.
 */
export function journalError(error: unknown, doing: string): ConnectorError {
  for (const cause of causes(error)) {
    if (cause instanceof ConnectorError) return cause
    const permanent = permanentError(cause)
    if (permanent !== undefined) {
      return new ConnectorError('JOURNAL_UNAVAILABLE', `${doing}: ${permanent}`, { cause: error })
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  // kafkajs says this of a coordinator that is away, and of one that it may not ask for.
  const hint = /group coordinator/i.test(message)
    ? ' (if this stays: allow READ on the groups and DESCRIBE on the transactional ids that begin with KAFKA_TOPIC)'
    : ''
  return new ConnectorError('JOURNAL_UNAVAILABLE', `${doing}: ${message}${hint}`, {
    retryable: true,
    cause: error,
  })
}

/** The words for an error that waiting does not mend. */
function permanentError(cause: KafkaErrorShape): string | undefined {
  const code = String(cause.code ?? '')
  if (cause.name === 'KafkaJSSASLAuthenticationError') {
    return (
      `Kafka refused the credentials (${cause.message}): check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and ` +
      'KAFKA_SASL_PASSWORD'
    )
  }
  if (UNTRUSTED_CERTIFICATE_CODES.has(code)) {
    return `the broker's certificate is not trusted (${code}): point KAFKA_SSL_CA at the authority that signed it`
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the broker's certificate is for another host (${cause.message}): use a name in KAFKA_BROKERS that it holds`
  }
  if (
    code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' ||
    code === 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'
  ) {
    return 'the broker asks for a certificate of ours: set KAFKA_SSL_CERT and KAFKA_SSL_KEY'
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    return `no TLS connection (${cause.message}): does the broker's listener speak TLS? Check KAFKA_SSL and KAFKA_BROKERS`
  }
  if (cause.type !== undefined && cause.type in AUTHORIZATION_MENDS) {
    return `Kafka refused this (${cause.type}): ${AUTHORIZATION_MENDS[cause.type]}`
  }
  if (cause.type === 'MESSAGE_TOO_LARGE' || cause.type === 'RECORD_LIST_TOO_LARGE') {
    return (
      'the broker refused a batch as too large: raise max.message.bytes of the topics to at least ' +
      'KAFKA_MAX_RECORD_BYTES + 100,000, or lower KAFKA_MAX_RECORD_BYTES'
    )
  }
  return undefined
}
