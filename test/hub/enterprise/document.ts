import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

/** The Hub's own document (an excerpt), as what a request and an answer can be held against. */

export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}

interface Content {
  readonly content?: { readonly 'application/json'?: { readonly schema: JsonSchema } }
}

interface DocumentedOperation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses?: Readonly<Record<string, Content>>
  readonly security?: readonly unknown[]
}

export interface Operation {
  /** `PUT /api/models/{namespace}/{repo}/settings`. */
  readonly id: string
  readonly method: string
  readonly pathPattern: RegExp
  readonly query: ReadonlyMap<string, ValidateFunction>
  readonly bodySchema: JsonSchema | undefined
  readonly body: ValidateFunction | undefined
  /** The documented success, where one is. */
  readonly status: number | undefined
  readonly answerSchema: JsonSchema | undefined
  readonly answer: ValidateFunction | undefined
  readonly needsToken: boolean
}

// Its times are checked by their pattern; ajv knows no formats by itself.
const ajv = new Ajv2020({ validateFormats: false, strict: false, coerceTypes: false })
const ofQuery = new Ajv2020({ validateFormats: false, strict: false, coerceTypes: true })

const excerpt = JSON.parse(
  readFileSync(new URL('../../fixtures/hub-openapi-excerpt.json', import.meta.url), 'utf8'),
) as { readonly paths: Record<string, Record<string, DocumentedOperation>> }

export const OPERATIONS: readonly Operation[] = Object.entries(excerpt.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, documented]) => operationOf(method.toUpperCase(), path, documented)),
)

export function operation(id: string): Operation {
  const found = OPERATIONS.find(one => one.id === id)
  if (found === undefined) throw new Error(`the document has no ${id}`)
  return found
}

function operationOf(method: string, path: string, documented: DocumentedOperation): Operation {
  const bodySchema = documented.requestBody?.content?.['application/json']?.schema
  const success = Object.entries(documented.responses ?? {})[0]
  const answerSchema = success?.[1].content?.['application/json']?.schema
  const query = (documented.parameters ?? []).filter(parameter => parameter.in === 'query')
  return {
    id: `${method} ${path}`,
    method,
    pathPattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    // As it arrives: text. One in an object, so that ajv can turn it into a number.
    query: new Map(
      query.map(({ name, schema }) => [
        name,
        ofQuery.compile({ type: 'object', properties: { value: schema } }),
      ]),
    ),
    bodySchema,
    // The document leaves request bodies open; a field that it does not name would be ignored, so it is a mistake.
    body: bodySchema && ajv.compile(closed(bodySchema)),
    status: success && Number(success[0]),
    answerSchema,
    answer: answerSchema && ajv.compile(answerSchema),
    needsToken: documented.security?.length !== 0,
  }
}

function closed(schema: JsonSchema): JsonSchema {
  return {
    ...schema,
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(schema.properties).map(([name, property]) => [name, closed(property)]),
          ),
          additionalProperties: false,
        }),
    ...(schema.items === undefined ? {} : { items: closed(schema.items) }),
  }
}
