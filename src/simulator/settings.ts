import { z } from 'zod'
import { ConnectorError } from '../errors.ts'
import type { SimulatorOptions } from './simulator.ts'

const schema = z.object({
  seed: z.int().default(1),
  organizations: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/, 'must be a name as the Hub allows it'))
    .min(1)
    .refine(names => new Set(names).size === names.length, 'must not name one twice')
    .default(['example-org']),
  events: z.int().min(0).max(4_000_000_000).default(1_000),
  rate: z.number().min(0).max(1_000_000).default(0),
  order: z.enum(['newest-first', 'oldest-first', 'shuffled']).default('newest-first'),
  cap: z.int().min(1).default(100_000),
  eventBytes: z.int().min(1).max(100_000_000).default(750),
  live: z.boolean().default(false),
  members: z.int().min(1).max(100_000).default(25),
  port: z.int().min(0).max(65_535).default(0),
  // Its events are invented and its controls need no token: nothing for others on the network.
  host: z
    .enum(['127.0.0.1', '::1', 'localhost'], 'must be a loopback address: 127.0.0.1, ::1 or localhost')
    .default('127.0.0.1'),
})

export type SimulatorSettings = z.output<typeof schema>

/** The options with their defaults. Throws `CONFIG_INVALID`, which names every option that is wrong. */
export function checkedSettings(options: SimulatorOptions): SimulatorSettings {
  const result = schema.safeParse(options)
  if (result.success) return result.data
  const problems = result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
  throw new ConnectorError('CONFIG_INVALID', `The simulator cannot start like this: ${problems.join('; ')}`)
}

/** A port that is taken or forbidden is a wrong configuration; anything else is passed on. */
export function portError(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new ConnectorError(
      'CONFIG_INVALID',
      `Port ${port} is in use by another program. Choose another one, or 0 for any free one.`,
      { cause: error },
    )
  }
  if (code === 'EACCES') {
    return new ConnectorError(
      'CONFIG_INVALID',
      `This user may not listen on port ${port}. Choose one above 1023, or 0 for any free one.`,
      { cause: error },
    )
  }
  return error
}
