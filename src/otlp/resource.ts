import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import { ConnectorError } from '../errors.ts'

/** Name of the program: `service.name` unless configured, and the instrumentation scope. */
export const SERVICE_NAME = 'hf-audit-connector'

/**
 * Who sends: `service.name` and `service.version`, overridden by OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME of
 * this process, the latter first (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 * Throws `CONFIG_INVALID` when the attributes cannot be read: the SDK would drop all of them without a word.
 */
export function otlpResource(version: string): Resource {
  const detected = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] })
  const given = process.env.OTEL_RESOURCE_ATTRIBUTES?.trim().replaceAll(/[\s,]/g, '') ?? ''
  if (given !== '' && Object.keys(resourceAttributesEnvDetector.detect().attributes ?? {}).length === 0) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `OTEL_RESOURCE_ATTRIBUTES cannot be read. Allowed is a list key=value,key=value, with "," and "=" inside keys ` +
        'and values percent-encoded (%2C, %3D), each of at most 255 characters.',
    )
  }
  return defaultResource()
    .merge(resourceFromAttributes({ 'service.name': SERVICE_NAME, 'service.version': version }))
    .merge(detected)
}
