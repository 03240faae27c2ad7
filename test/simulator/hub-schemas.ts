import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

export interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query'
    readonly required: boolean
    readonly schema: object
  }[]
  readonly requestBody?: { readonly content: JsonContent }
  readonly responses?: Readonly<Record<string, { readonly content: JsonContent }>>
}

interface JsonContent {
  readonly 'application/json': { readonly schema: object }
}

const excerpt = JSON.parse(
  readFileSync(new URL('../fixtures/hub-openapi-excerpt.json', import.meta.url), 'utf8'),
) as { readonly paths: Record<string, Record<string, Operation>> }
// Its times are checked by their pattern; ajv knows no formats by itself.
const ajv = new Ajv2020({ validateFormats: false, strict: false })

/** Every operation of the document, as `GET /api/…`. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries(excerpt.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
  ),
)

const compiled = new Map<object, ValidateFunction>()

/** Checks a value against a schema of the document. */
export function validatorOf(schema: object): ValidateFunction {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const validate = ajv.compile(schema)
  compiled.set(schema, validate)
  return validate
}

/** Checks the 200 answer of a GET against the Hub's own schema. */
export function answerValidator(path: string): ValidateFunction {
  return validatorOf(answerSchema(`GET ${path}`, 200)!)
}

/** The schema of an answer; undefined where the document has none. */
export function answerSchema(operation: string, status: number): object | undefined {
  return OPERATIONS.get(operation)!.responses?.[status]?.content['application/json'].schema
}

/** The schema of a request's body; undefined where it has none. */
export function bodySchema(operation: string): object | undefined {
  return OPERATIONS.get(operation)!.requestBody?.content['application/json'].schema
}

/** The schema of one event. */
export function eventSchema(): object {
  const { items } = answerSchema('GET /api/organizations/{name}/audit-log/export', 200) as { items: object }
  return items
}

/** The event types that the Hub's document lists. */
export function documentedTypes(): string[] {
  return (eventSchema() as { properties: { type: { enum: string[] } } }).properties.type.enum
}
