import { asConnectorError } from '../errors.ts'
import { ALL_STREAMS } from '../event/avro.ts'
import { areaResults, type CheckResult } from '../preflight.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import type { RegistrySettings } from './settings.ts'
import { lookUp } from './subjects.ts'

/** Whether the registry holds our schemas, or would take them. Registers nothing. */
export async function checkRegistry(settings: RegistrySettings, topic: string): Promise<CheckResult[]> {
  const lines = areaResults('registry')
  const registry = createSchemaRegistry({ ...settings, autoRegister: false })
  try {
    for (const { subject, state, reasons } of await lookUp(registry, topic, ALL_STREAMS)) {
      const name = `subject ${subject}`
      if (state === 'held') lines.ok(name, 'holds our schema')
      else if (state === 'new' && settings.autoRegister)
        lines.ok(name, 'would take our schema, which is registered at the first start')
      else if (state === 'new')
        lines.fail(
          name,
          'does not hold our schema, and SCHEMA_REGISTRY_AUTO_REGISTER is false',
          'hf-audit schema register',
        )
      else
        lines.fail(
          name,
          `our schema is incompatible with what is registered: ${reasons.join('; ') || 'the registry gives no reasons'}`,
          `look at what is there: curl -s ${settings.url}/subjects/${subject}/versions/latest; if it belongs to something else, set KAFKA_TOPIC to another prefix`,
        )
    }
  } catch (error) {
    const { message, status } = asConnectorError(error)
    const mend =
      status === 401 || status === 403
        ? 'set SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD (or SCHEMA_REGISTRY_PASSWORD_FILE)'
        : `see that it answers: curl -i ${settings.url}/subjects (Apicurio's path is /apis/ccompat/v7)`
    lines.fail(`registry ${settings.url}`, message, mend)
  } finally {
    await registry.close().catch(() => undefined)
  }
  return lines.results
}
