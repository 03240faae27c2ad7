import fc from 'fast-check'
import { schemaText } from '../../src/event/avro.ts'
import type { StreamName, StreamRecords } from '../../src/event/records.ts'

// biome-ignore lint/suspicious/noExplicitAny: a schema is any JSON.
type Schema = any

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 90 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', '\ud800', 'x\udfff', '\ufeff'),
)
const anyMap = (values: fc.Arbitrary<unknown>) =>
  fc
    .array(fc.tuple(anyText, values), { maxLength: 3 })
    .map(entries => Object.fromEntries(entries.filter(([key]) => key !== '__proto__')))

/** Any record of a stream, derived from its schema. Strings may hold lone surrogates. */
export function arbitraryRecord<S extends StreamName>(stream: S): fc.Arbitrary<StreamRecords[S]> {
  return arbitraryValue(JSON.parse(schemaText(stream))) as fc.Arbitrary<StreamRecords[S]>
}

function arbitraryValue(schema: Schema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) return fc.oneof(...schema.map(arbitraryValue))
  switch (typeof schema === 'string' ? schema : schema.type) {
    case 'null':
      return fc.constant(null)
    case 'string':
      return anyText
    case 'boolean':
      return fc.boolean()
    case 'int':
      return fc.integer()
    case 'long':
      // avsc computes 2n in doubles: exact to 2^52 only, milliseconds of a hundred thousand years.
      return fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
    case 'double':
      return fc.double({ noNaN: true })
    case 'bytes':
      return fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes))
    case 'fixed':
      return fc
        .uint8Array({ minLength: schema.size, maxLength: schema.size })
        .map(bytes => Buffer.from(bytes))
    case 'enum':
      return fc.constantFrom(...schema.symbols)
    case 'map':
      return anyMap(arbitraryValue(schema.values))
    case 'array':
      return fc.array(arbitraryValue(schema.items), { maxLength: 3 })
    case 'record':
      return fc.record(
        Object.fromEntries(
          schema.fields.map((field: Schema) => [field.name, arbitraryValue(field.type)]),
        ) as Record<string, fc.Arbitrary<unknown>>,
        { noNullPrototype: true },
      )
    default:
      return arbitraryValue(schema.type)
  }
}

/** The same with U+FFFD for every lone surrogate. */
export function wellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed() as T
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map(wellFormed) as T
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]),
  ) as T
}
