import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { jsonLine } from '../../src/commands/entry-lines.ts'
import type { StreamName } from '../../src/event/records.ts'
import { currentSchema } from '../../src/event/schemas.ts'
import type { AvroRecord } from '../../src/schema/avro-fields.ts'
import { clickhouseTable } from '../../src/schema/clickhouse.ts'
import { jsonSchemaOf } from '../../src/schema/json-schema.ts'

const STREAMS: readonly StreamName[] = ['events', 'dead-letters', 'findings', 'ledger']
const recordOf = (stream: StreamName) => JSON.parse(currentSchema(stream).text) as AvroRecord

/** Values of an Avro type as avsc decodes them. */
function arbitrary(type: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(type)) return fc.oneof(...type.map(arbitrary))
  if (typeof type === 'string') {
    const primitives: Record<string, fc.Arbitrary<unknown>> = {
      null: fc.constant(null),
      boolean: fc.boolean(),
      int: fc.integer(),
      long: fc.maxSafeInteger(),
      double: fc.double({ noNaN: true, noDefaultInfinity: true }),
      string: fc.string(),
      bytes: fc.uint8Array().map(Buffer.from),
    }
    return primitives[type]!
  }
  const complex = type as Record<string, unknown>
  switch (complex.type) {
    case 'long':
      return fc.integer({ min: 0, max: 4_102_444_800_000 })
    case 'fixed':
      return fc
        .uint8Array({ minLength: complex.size as number, maxLength: complex.size as number })
        .map(Buffer.from)
    case 'enum':
      return fc.constantFrom(...(complex.symbols as string[]))
    case 'map':
      return fc.dictionary(fc.string(), arbitrary(complex.values))
    case 'array':
      return fc.array(arbitrary(complex.items), { maxLength: 3 })
    default: {
      const fields = complex.fields as { name: string; type: unknown }[]
      return fc.record(Object.fromEntries(fields.map(field => [field.name, arbitrary(field.type)])))
    }
  }
}

for (const stream of STREAMS) {
  test(`the JSON Schema of ${stream} holds for every line that tail --json can print`, () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      jsonSchemaOf(recordOf(stream)),
    )
    fc.assert(
      fc.property(arbitrary(recordOf(stream)), record => {
        const line = JSON.parse(jsonLine({ stream, organization: 'acme', position: '1', record } as never))
        assert.ok(validate(line), JSON.stringify(validate.errors))
      }),
      { numRuns: 50 },
    )
    assert.equal(validate({}), false)
  })

  test(`the ClickHouse table of ${stream} has every column of the Avro schema, in its order`, () => {
    const record = recordOf(stream)
    const sql = clickhouseTable(stream, record, 'a.topic')
    const columns = [...sql.slice(0, sql.indexOf('\n)')).matchAll(/^ {4}(\w+) /gm)].map(match => match[1])
    assert.deepEqual(
      columns,
      record.fields.map(({ name }) => name),
    )
    assert.doesNotMatch(sql, /undefined|\[object/)
  })
}

test('the table of events: types that fit what is asked of it', () => {
  const sql = clickhouseTable('events', recordOf('events'), 'a.topic')
  for (const line of [
    "eventTime DateTime64(3, 'UTC')",
    'id UUID',
    'sequence UInt64',
    'chainHash FixedString(32)',
    'srcLatitude Nullable(Float64)',
    'srcCity LowCardinality(Nullable(String))',
    'tags Map(LowCardinality(String), String)',
    'resources Array(String)',
    'enrichments Array(Tuple(data Map(LowCardinality(String), String), name String',
    'readOnly Bool',
    'ORDER BY (organization, eventTime, sequence)',
  ])
    assert.ok(sql.includes(line), `${line} is not in\n${sql}`)
})
