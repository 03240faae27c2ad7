import type { JsonSchema } from './forms.ts'
import { hasFile, LIST, settings } from './reference.ts'

/** JSON Schema of the YAML file, for editors: completion, what each key means, and mistakes as they are made. */
export function configJsonSchema(): JsonSchema {
  const properties: Record<string, JsonSchema> = {}
  for (const setting of settings()) {
    const { key, json, variable, about, example, secret } = setting
    if (key === undefined || json === undefined) continue
    const told = {
      description: `${about} (${variable})`,
      ...(setting.default === undefined ? {} : { default: setting.default }),
    }
    properties[key] =
      key === 'organizations'
        ? { ...told, ...ORGANIZATIONS }
        : { ...json, ...told, ...(secret ? {} : { examples: [example] }) }
    if (secret && hasFile(setting)) {
      properties[`${key}File`] = {
        type: 'string',
        description: `Path of a file that holds ${key}. (${variable}_FILE)`,
      }
    }
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'hf-audit configuration file',
    type: 'object',
    properties,
    // Of OpenTelemetry's there are more than the ones told above.
    patternProperties: {
      '^otel(?!ServiceName$|ResourceAttributes$)[A-Z]': LIST,
    },
    additionalProperties: false,
  }
}

const NAME: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$' }

const ORGANIZATIONS: JsonSchema = {
  anyOf: [
    { type: 'string' },
    {
      type: 'array',
      minItems: 1,
      items: {
        anyOf: [
          NAME,
          {
            type: 'object',
            properties: {
              name: { ...NAME, description: 'As in the address of its page on the Hub.' },
              identity: { ...NAME, description: 'What keys, ids and chain hang on; default: the name.' },
              tokenFile: {
                type: 'string',
                pattern: '\\S',
                description: 'Path of a file with a token for this organization alone.',
              },
            },
            required: ['name'],
            additionalProperties: false,
          },
        ],
      },
    },
  ],
}
