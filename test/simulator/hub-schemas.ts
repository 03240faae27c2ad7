import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

interface Operation {
  readonly get: {
    readonly responses: {
      readonly 200: { readonly content: { readonly 'application/json': { readonly schema: object } } }
    }
  }
}

const excerpt = JSON.parse(
  readFileSync(new URL('../fixtures/hub-openapi-excerpt.json', import.meta.url), 'utf8'),
) as { readonly paths: Record<string, Operation> }
// Its times are checked by their pattern; ajv knows no formats by itself.
const ajv = new Ajv2020({ validateFormats: false, strict: false })

/** Checks the 200 answer of an operation against the Hub's own schema. */
export function answerValidator(path: string): ValidateFunction {
  return ajv.compile(excerpt.paths[path]!.get.responses[200].content['application/json'].schema)
}

/** The event types that the Hub's document lists. */
export function documentedTypes(): string[] {
  const { schema } = excerpt.paths['/api/organizations/{name}/audit-log/export']!.get.responses[200].content[
    'application/json'
  ] as { schema: { items: { properties: { type: { enum: string[] } } } } }
  return schema.items.properties.type.enum
}
