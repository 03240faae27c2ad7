import type { Documentation } from './documentation.ts'

/** Variables that are not ours alone, read by the part that they are for. */
export interface ForeignVariable extends Documentation {
  readonly name: string
  readonly words: string
  readonly default?: string
  readonly secret?: true
  /** False: Node.js or a library reads it from the environment alone. */
  readonly inFile: boolean
}

const otlp = (
  name: string,
  words: string,
  about: string,
  example: string,
  more: { default?: string; secret?: true } = {},
): ForeignVariable => ({ name, words, about, example, group: 'OTLP', inFile: true, ...more })

export const FOREIGN_VARIABLES: readonly ForeignVariable[] = [
  otlp(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'URL',
    'The collector; /v1/logs is added. Nothing is forwarded when neither this nor the next is set.',
    'http://collector:4318',
  ),
  otlp(
    'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
    'URL',
    'The address for log records, used as it is. All that follow have a _LOGS_ variant too.',
    'http://collector:4318/v1/logs',
  ),
  otlp(
    'OTEL_EXPORTER_OTLP_HEADERS',
    'list of name=value',
    'Sent with each request; values percent-encoded.',
    'authorization=Bearer%20…',
    { secret: true },
  ),
  otlp(
    'OTEL_EXPORTER_OTLP_LOGS_HEADERS',
    'list of name=value',
    'Added to those, and before them.',
    'x-tenant=audit',
    { secret: true },
  ),
  otlp('OTEL_EXPORTER_OTLP_TIMEOUT', 'milliseconds', 'For one request with its answer.', '10000', {
    default: '10000',
  }),
  otlp('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip, none', 'Of requests.', 'gzip', { default: 'none' }),
  otlp('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf', 'The only one there is.', 'http/protobuf', {
    default: 'http/protobuf',
  }),
  otlp('OTEL_EXPORTER_OTLP_CERTIFICATE', 'path', 'PEM file of the authorities to trust.', '/etc/otel/ca.pem'),
  otlp(
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    'path',
    'PEM file of the client’s certificate.',
    '/etc/otel/client.pem',
  ),
  otlp('OTEL_EXPORTER_OTLP_CLIENT_KEY', 'path', 'PEM file of its key.', '/etc/otel/client.key'),
  otlp('OTEL_LOGS_EXPORTER', 'otlp, none', 'none: nothing is forwarded.', 'none', { default: 'otlp' }),
  otlp(
    'OTEL_METRICS_EXPORTER',
    'otlp, prometheus, none',
    'otlp: metrics are pushed too. /metrics of the admin address has them in any case. The default is otlp where the next is set, else none.',
    'otlp',
  ),
  otlp(
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    'URL',
    'The address for metrics, used as it is; else /v1/metrics is added to OTEL_EXPORTER_OTLP_ENDPOINT. The other variables have a _METRICS_ variant too.',
    'http://collector:4318/v1/metrics',
  ),
  otlp('OTEL_METRIC_EXPORT_INTERVAL', 'milliseconds', 'From one push of metrics to the next.', '60000', {
    default: '60000',
  }),
  otlp('OTEL_SDK_DISABLED', 'true or false', 'true: nothing is forwarded or pushed.', 'true', {
    default: 'false',
  }),
  {
    ...otlp('OTEL_SERVICE_NAME', 'text', 'service.name of the resource.', 'hf-audit', {
      default: 'hf-audit-connector',
    }),
    inFile: false,
  },
  {
    ...otlp(
      'OTEL_RESOURCE_ATTRIBUTES',
      'list of key=value',
      'More attributes of the resource.',
      'deployment.environment.name=production',
    ),
    inFile: false,
  },
  {
    name: 'HTTPS_PROXY',
    words: 'URL',
    group: 'Network',
    about: 'The proxy for https addresses; HTTP_PROXY for http. In small letters too.',
    example: 'http://proxy:3128',
    secret: true,
    inFile: false,
  },
  {
    name: 'HTTP_PROXY',
    words: 'URL',
    group: 'Network',
    about: 'The proxy for http addresses.',
    example: 'http://proxy:3128',
    secret: true,
    inFile: false,
  },
  {
    name: 'NO_PROXY',
    words: 'list with commas',
    group: 'Network',
    about: 'Hosts that are reached without a proxy.',
    example: 'localhost,.internal',
    inFile: false,
  },
  {
    name: 'NODE_EXTRA_CA_CERTS',
    words: 'path',
    group: 'Network',
    about: 'PEM file of further authorities, for the Hub, the registry and OTLP.',
    example: '/etc/ssl/corporate.pem',
    inFile: false,
  },
  {
    name: 'NO_COLOR',
    words: 'text',
    group: 'Operation',
    about: 'Set to anything: no colours on a terminal.',
    example: '1',
    inFile: false,
  },
]
