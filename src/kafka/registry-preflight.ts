import { asConnectorError } from '../errors.ts'
import { schemaText } from '../event/avro.ts'
import { areaResults, type CheckResult } from '../preflight.ts'
import { createSchemaRegistry, type SchemaRegistry } from './schema-registry.ts'
import { kafkaNames, type RegistrySettings } from './settings.ts'
import { ALL_STREAMS, subjectOf } from './values.ts'

/** Whether the registry holds our schemas, or would take them. Registers nothing. */
export async function checkRegistry(settings: RegistrySettings, topic: string): Promise<CheckResult[]> {
  const lines = areaResults('registry')
  const registry = createSchemaRegistry({ ...settings, autoRegister: false })
  try {
    for (const stream of ALL_STREAMS) {
      const subject = subjectOf(kafkaNames(topic), stream)
      const text = schemaText(stream)
      const problem = await checkSubject(registry, subject, text)
      if (problem === 'held') lines.ok(`subject ${subject}`, 'holds our schema')
      else if (problem === 'new' && settings.autoRegister)
        lines.ok(`subject ${subject}`, 'would take our schema, which is registered at the first start')
      else if (problem === 'new')
        lines.fail(
          `subject ${subject}`,
          'does not hold our schema, and SCHEMA_REGISTRY_AUTO_REGISTER is false',
          'hf-audit schema register',
        )
      else
        lines.fail(
          `subject ${subject}`,
          `our schema is incompatible with what is registered: ${problem.join('; ')}`,
          `hf-audit schema check; set KAFKA_TOPIC to a new prefix, or let ${subject} take it: PUT ${settings.url}/config/${subject} {"compatibility":"NONE"}`,
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

async function checkSubject(
  registry: SchemaRegistry,
  subject: string,
  schema: string,
): Promise<'held' | 'new' | readonly string[]> {
  const { compatible, reasons } = await registry.checkCompatibility(subject, schema)
  const held = await registry.idOf(subject, schema).then(
    () => true,
    error => {
      // Without autoRegister this is how it says "not there"; anything else is a failure of the registry.
      if (asConnectorError(error).code === 'REGISTRY_INCOMPATIBLE') return false
      throw error
    },
  )
  if (held) return 'held'
  if (compatible) return 'new'
  return reasons.length > 0 ? reasons : ['the registry gives no reasons']
}
