import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'
import { answerSchema, eventSchema, OPERATIONS, validatorOf } from './hub-schemas.ts'
import { type SimulatedEvent, type StartedSimulator, startedSimulator } from './started.ts'

export interface Sent {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Null: no token at all. */
  readonly token?: string | null
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  /** Undefined where it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: checked against the document's schema where it has one
  readonly body: any
}

export interface CalledSimulator extends StartedSimulator {
  /** One call, named as in the document. An answer that it describes is held against it. */
  readonly call: (operation: string, sent?: Sent) => Promise<Answered>
  /** What the log grew by since this was last asked, oldest first; each event is held against the document. */
  readonly fresh: () => Promise<ToldBySimulator[]>
  /** The same; fails unless these are the types. */
  readonly told: (...types: string[]) => Promise<ToldBySimulator[]>
}

export interface ToldBySimulator extends SimulatedEvent {
  // biome-ignore lint/suspicious/noExplicitAny: of any shape
  readonly data: any
}

/** A started simulator whose every good answer is checked. */
export async function calledSimulator(
  t: TestContext,
  options: SimulatorOptions = {},
): Promise<CalledSimulator> {
  const started = await startedSimulator(t, { plan: 'plus', ...options })
  const call = async (operation: string, sent: Sent = {}): Promise<Answered> => {
    const response = await started.get(addressOf(started.url, operation, sent), {
      method: operation.split(' ')[0]!,
      headers: {
        ...(typeof sent.token === 'string' && { authorization: `Bearer ${sent.token}` }),
        ...(sent.token === null && { authorization: '' }),
        ...(sent.body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(sent.body !== undefined && { body: JSON.stringify(sent.body) }),
    })
    const text = await response.text()
    const body = text === '' ? undefined : JSON.parse(text)
    if (response.status < 300) assertDocumented(operation, response.status, body)
    return { status: response.status, headers: response.headers, body }
  }
  let count = options.events ?? 50
  const fresh = async () => {
    const events = (await started.events()) as ToldBySimulator[]
    const found = events.slice(0, events.length - count).toReversed()
    count = events.length
    const validate = validatorOf(eventSchema())
    for (const event of found) assert.ok(validate(event), JSON.stringify([event, validate.errors]))
    return found
  }
  const told = async (...types: string[]) => {
    const found = await fresh()
    assert.deepEqual(
      found.map(({ type }) => type),
      types,
    )
    return found
  }
  return { ...started, call, fresh, told }
}

function addressOf(url: string, operation: string, { path = {}, query = {} }: Sent): string {
  const values: Record<string, string> = { name: 'example-org', namespace: 'example-org', ...path }
  const template = operation.slice(operation.indexOf(' ') + 1)
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name]!))
  const search = new URLSearchParams(query).toString()
  return `${url}${filled}${search === '' ? '' : `?${search}`}`
}

/** A good answer has a status that the document names, where it names any, and its shape. */
function assertDocumented(operation: string, status: number, body: unknown): void {
  const documented = Object.keys(OPERATIONS.get(operation)!.responses ?? {})
  if (documented.length === 0) return
  assert.ok(documented.includes(String(status)), `${operation} was answered ${status}`)
  if (status === 204) {
    assert.equal(body, undefined)
    return
  }
  const validate = validatorOf(answerSchema(operation, status)!)
  assert.ok(validate(body), `${operation}: ${JSON.stringify(validate.errors)}`)
}
