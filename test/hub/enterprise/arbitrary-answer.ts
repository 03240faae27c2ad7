import fc from 'fast-check'
import type { JsonSchema } from './document.ts'

const HEX = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 24, maxLength: 24 })
const TIME = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map(date => date.toISOString())

/** Any value that a schema of the document allows, with and without what is optional. */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(arbitraryOf))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if ('const' in schema) return fc.constant(schema.const)
  switch (schema.type) {
    case 'object':
      return objectOf(schema)
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}), { maxLength: 3 })
    case 'string':
      return stringOf(schema)
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'integer':
      return fc.integer()
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue()
  }
}

function objectOf({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, property]) => [name, arbitraryOf(property)] as const)
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true })
}

function stringOf({ pattern }: JsonSchema): fc.Arbitrary<string> {
  if (pattern === undefined) return fc.string({ minLength: 1 })
  if (pattern.includes('[0-9a-f]{24}')) return HEX
  if (pattern.includes('[01]\\d|2[0-3]')) return TIME
  if (pattern.includes('@')) return fc.constant('someone@example.com')
  throw new Error(`no values are known for the pattern ${pattern}`)
}
