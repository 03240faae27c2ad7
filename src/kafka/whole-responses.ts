import { createRequire } from 'node:module'
import kafkajs from 'kafkajs'

/*
 * A connection of kafkajs keeps what came of a response when the line is cut in the middle of it, and takes that for the
 * beginning of the first response on the next line: from then on every response is cut at the wrong places, for as long
 * as the client lives, or a length that cannot be ends the process. (kafkajs 2.2.4, src/network/connection.js.)
 */

const CONNECTION_MODULE = 'kafkajs/src/network/connection'
/** Of the length that goes before each response: https://kafka.apache.org/protocol#protocol_common */
const LENGTH_BYTES = 4

/** As much of kafkajs's Connection as is used. */
interface Connection {
  readonly broker: string
  readonly socket?: { destroy(): void }
  readonly authHandlers: { onError(): void } | null
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<boolean>
  processData(data: Buffer): void
  rejectRequests(error: Error): void
  disconnect(): Promise<unknown>
}

/** Lets each connection begin with nothing, and end when it brings what is no response. Only the first call counts. */
export function installWholeResponses(): void {
  if (installed) return
  installed = true
  const require = createRequire(import.meta.url)
  const { prototype } = require(CONNECTION_MODULE) as { prototype: Connection }
  const { connect, processData } = prototype

  prototype.connect = function (this: Connection) {
    if (!this.isConnected()) forget(this)
    return connect.call(this)
  }

  prototype.processData = function (this: Connection, data) {
    try {
      processData.call(this, data)
    } catch (cause) {
      forget(this)
      const { message } = cause as Error
      this.rejectRequests(
        new kafkajs.KafkaJSConnectionError(`${this.broker} sent what is no response of Kafka (${message})`, {
          broker: this.broker,
        }),
      )
      this.authHandlers?.onError()
      // Nothing that still comes on it can be told apart. The client connects anew.
      this.socket?.destroy()
      this.disconnect().catch(() => undefined)
    }
  }
}
let installed = false

function forget(connection: Connection): void {
  connection.chunks = []
  connection.bytesBuffered = 0
  connection.bytesNeeded = LENGTH_BYTES
}
