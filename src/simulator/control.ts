import { z } from 'zod'
import { ConnectorError } from '../errors.ts'
import { type Fault, type FaultInput, faultSchema } from './faults.ts'
import { PLANS, RESTRICTIONS, ROLES } from './organization/organization.ts'

const order = z.enum(['newest-first', 'oldest-first', 'shuffled'])

/** Epoch milliseconds, or RFC 3339. */
const time = z.union([z.int(), z.iso.datetime({ offset: true }).transform(text => Date.parse(text))])

/** What each control takes, by its name: the last part of `POST /_control/<name>`, and of the method on `Simulator`. */
export const controlSchemas = {
  /** Appends generated events: where the log stands, or with a `createdAt` of their own (late ones: an old one). */
  append: z.strictObject({
    organization: z.string().optional(),
    events: z.int().min(1).max(1_000_000).default(1),
    createdAt: time.optional(),
    /** Between two of them, when `createdAt` is given. */
    stepMs: z.int().min(0).default(0),
    /** Any type, also one that nobody knows. */
    type: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\w.-]+$/, 'must be letters, digits, "_", "." and "-"')
      .optional(),
  }),
  /** Appends elements with exactly this text (one element each; not checked). */
  'append-raw': z.strictObject({
    organization: z.string().optional(),
    elements: z.array(z.string().min(1)).min(1),
    createdAt: time.optional(),
  }),
  /** Makes the log that long: appends, or forgets the latest. */
  events: z.strictObject({ organization: z.string().optional(), events: z.int().min(0).max(4_000_000_000) }),
  order: z.strictObject({ order, shuffleSeed: z.int().default(0) }),
  /** Events a second by which every log grows. */
  rate: z.strictObject({ rate: z.number().min(0).max(1_000_000) }),
  cap: z.strictObject({ cap: z.int().min(1) }),
  /** Everything anew, as at the start, from this seed: other events, no faults. */
  seed: z.strictObject({ seed: z.int() }),
  /** What the user's token may do in an organization, and the organization's plan; what is not named stays. */
  access: z.strictObject({
    organization: z.string().optional(),
    role: z.enum(ROLES).optional(),
    plan: z.enum([...PLANS, 'none']).optional(),
    permissions: z.array(z.string().min(1)).optional(),
    /** Why the organization keeps the token out. */
    restriction: z.enum(['none', ...RESTRICTIONS]).optional(),
  }),
  fault: faultSchema,
  /** Clears one fault, or all. */
  'clear-faults': z.strictObject({ id: z.int().optional() }),
}

export type ControlName = keyof typeof controlSchemas
export type ControlInput<N extends ControlName> = z.input<(typeof controlSchemas)[N]>
export type Control<N extends ControlName> = z.output<(typeof controlSchemas)[N]>
export type { Fault, FaultInput }

export function isControlName(name: string): name is ControlName {
  return Object.hasOwn(controlSchemas, name)
}

/** The control's checked values. Throws `CONFIG_INVALID`, which names every member that is wrong. */
export function parseControl<N extends ControlName>(name: N, input: unknown): Control<N> {
  const result = controlSchemas[name].safeParse(input)
  if (result.success) return result.data as Control<N>
  const problems = result.error.issues.map(issue => {
    const at = issue.path.join('.')
    return at === '' ? issue.message : `${at}: ${issue.message}`
  })
  throw new ConnectorError(
    'CONFIG_INVALID',
    `The simulator's control "${name}" refuses this: ${problems.join('; ')}`,
  )
}
