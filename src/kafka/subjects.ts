import { asConnectorError } from '../errors.ts'
import { schemaText } from '../event/avro.ts'
import type { StreamName } from '../event/records.ts'
import type { SchemaRegistry } from './schema-registry.ts'
import { kafkaNames } from './settings.ts'
import { subjectOf } from './values.ts'

/** What a registry has, or would do, with our schema of a stream. */
export interface SubjectState {
  readonly stream: StreamName
  readonly subject: string
  readonly state: 'held' | 'new' | 'incompatible' | 'registered'
  readonly id: number | undefined
  /** The registry's, when it is incompatible. */
  readonly reasons: readonly string[]
}

/** Registers nothing; `registry` must not either. Throws `REGISTRY_UNAVAILABLE`. */
export function lookUp(
  registry: SchemaRegistry,
  topic: string,
  streams: readonly StreamName[],
): Promise<SubjectState[]> {
  return Promise.all(streams.map(stream => stateOf(registry, subjectOf(kafkaNames(topic), stream), stream)))
}

/** Registers what is missing, unless one is incompatible: then none. Throws `REGISTRY_…`. */
export async function registerAll(
  registry: SchemaRegistry,
  topic: string,
  streams: readonly StreamName[],
): Promise<SubjectState[]> {
  const before = await lookUp(registry, topic, streams)
  if (before.some(({ state }) => state === 'incompatible')) return before
  const after: SubjectState[] = []
  for (const known of before) {
    if (known.state === 'held') after.push(known)
    else {
      const id = await registry.register(known.subject, schemaText(known.stream))
      after.push({ ...known, state: 'registered', id })
    }
  }
  return after
}

async function stateOf(registry: SchemaRegistry, subject: string, stream: StreamName): Promise<SubjectState> {
  const text = schemaText(stream)
  const id = await registry.idOf(subject, text).catch(error => {
    // Without autoRegister this is how it says "not there"; anything else is a failure of the registry.
    if (asConnectorError(error).code === 'REGISTRY_INCOMPATIBLE') return undefined
    throw error
  })
  if (id !== undefined) return { stream, subject, state: 'held', id, reasons: [] }
  const { compatible, reasons } = await registry.checkCompatibility(subject, text)
  return {
    stream,
    subject,
    state: compatible ? 'new' : 'incompatible',
    id,
    reasons: compatible ? [] : reasons,
  }
}
