import { Socket } from 'node:net'

/** Of the `nth` request, from 1, with this API key: before it is sent, when it has been, or when the answer is here. */
export interface RequestPoint {
  readonly api: keyof typeof API_KEYS
  readonly nth?: number
  readonly when: 'before' | 'sent' | 'answered'
}

/** https://kafka.apache.org/protocol#protocol_api_keys */
const API_KEYS = {
  PRODUCE: 0,
  FETCH: 1,
  OFFSET_COMMIT: 8,
  CREATE_TOPICS: 19,
  INIT_PRODUCER_ID: 22,
  ADD_PARTITIONS_TO_TXN: 24,
  END_TXN: 26,
} as const

// A request: length, API key, API version, correlation id. An answer: length, correlation id.
const API_KEY_AT = 4
const CORRELATION_AT = 8
const ANSWER_CORRELATION_AT = 4

/** From now on this process kills itself with SIGKILL at that point of its talk with the brokers. */
export function killAtRequest({ api, nth = 1, when }: RequestPoint): void {
  let left = nth
  const write = Socket.prototype.write as (this: Socket, chunk: unknown, ...rest: unknown[]) => boolean
  Socket.prototype.write = function (this: Socket, chunk: unknown, ...rest: unknown[]): boolean {
    const isRequest = Buffer.isBuffer(chunk) && chunk.length > CORRELATION_AT + 4
    const isHere = isRequest && chunk.readInt16BE(API_KEY_AT) === API_KEYS[api] && --left === 0
    if (!isHere) return write.call(this, chunk, ...rest)
    if (when === 'before') kill()
    if (when === 'sent') return write.call(this, chunk, kill)
    const correlation = chunk.readInt32BE(CORRELATION_AT)
    this.prependListener('data', (answer: Buffer) => {
      const isAnswer = answer.length >= ANSWER_CORRELATION_AT + 4
      if (isAnswer && answer.readInt32BE(ANSWER_CORRELATION_AT) === correlation) kill()
    })
    return write.call(this, chunk, ...rest)
  } as Socket['write']
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL')
}
