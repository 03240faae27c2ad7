import { type AvroField, type AvroRecord, type AvroType, optional } from './avro-fields.ts'

/** Columns that are JSON's strings in a form of their own. */
const TIME = { type: 'string', format: 'date-time' }

/** JSON Schema (2020-12) of the lines that `tail --json` and `replay --to-json` write of a stream. */
export function jsonSchemaOf(record: AvroRecord): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: record.name,
    ...(record.doc === undefined ? {} : { description: record.doc }),
    ...objectOf(record),
  }
}

/** Open: a later release may add columns. */
function objectOf({ fields }: AvroRecord): object {
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(field => [field.name, propertyOf(field)])),
    required: fields.map(({ name }) => name),
  }
}

function propertyOf({ type, doc }: AvroField): object {
  return { ...schemaOf(type), ...(doc === undefined ? {} : { description: doc }) }
}

function schemaOf(type: AvroType): object {
  const inner = optional(type)
  if (inner !== undefined) return { anyOf: [schemaOf(inner), { type: 'null' }] }
  if (typeof type === 'string') return PRIMITIVES[type] ?? {}
  if (!('type' in type)) return {}
  switch (type.type) {
    case 'long':
      return TIME
    case 'fixed':
      return { type: 'string', pattern: `^[0-9a-f]{${type.size * 2}}$` }
    case 'enum':
      return { enum: type.symbols }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(type.values) }
    case 'array':
      return { type: 'array', items: schemaOf(type.items) }
    case 'record':
      return objectOf(type)
  }
}

const PRIMITIVES: Readonly<Record<string, object>> = {
  boolean: { type: 'boolean' },
  int: { type: 'integer' },
  long: { type: 'integer' },
  double: { type: 'number' },
  string: { type: 'string' },
  bytes: { type: 'string', contentEncoding: 'base64' },
}
