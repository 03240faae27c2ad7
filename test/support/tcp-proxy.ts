import { connect as connectTcp, createServer, type Socket } from 'node:net'

/** API keys of Kafka's protocol: https://kafka.apache.org/protocol#protocol_api_keys */
export const PRODUCE = 0
export const HEARTBEAT = 12
export const END_TXN = 26

export interface TcpProxy {
  readonly port: number
  /** Ends every connection and takes no new ones, until `heal`. */
  cut(): void
  /** Passes everything on again, at once, beginning with what was held back. */
  heal(): void
  /** Connections stay open and are taken, and nothing passes, until `heal`: then it comes late, and all of it. */
  freeze(): void
  /** What comes from now on passes this much later, in both directions; 0 as at the start. */
  delay(ms: number): void
  /**
   * The next Kafka request with this API key reaches the broker, its response does not reach the client: the connection
   * ends as soon as the response is there, of which it gets so many bytes. Resolves then.
   */
  loseResponseTo(apiKey: number, passedBytes?: number): Promise<void>
  /** The next Kafka request with this API key does not reach the broker: the connection ends. Resolves then. */
  loseRequest(apiKey: number): Promise<void>
  /** Takes the last of these two back, if it has not happened yet. */
  disarm(): void
  close(): Promise<void>
}

/** Passes connections on to a port on loopback. Listens on `port`, which is also what the broker must advertise. */
export async function startTcpProxy(port: number, targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let isFrozen = false
  let delayMs = 0
  let armed:
    | {
        readonly apiKey: number
        readonly what: 'request' | 'response'
        readonly passedBytes: number
        done(): void
      }
    | undefined

  const server = createServer(client => {
    if (isCut) {
      client.resetAndDestroy()
      return
    }
    const broker = connectTcp(targetPort, '127.0.0.1')
    const end = () => {
      client.destroy()
      broker.destroy()
      sockets.delete(client)
      sockets.delete(broker)
    }
    let losing: typeof armed
    let isRequestLost = false
    const requests = requestWatcher(apiKey => {
      if (armed?.apiKey !== apiKey) return
      if (armed.what === 'response') losing = armed
      else {
        isRequestLost = true
        armed.done()
      }
      armed = undefined
    })
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    const toBroker = delayedWriter(broker)
    const toClient = delayedWriter(client)
    client.on('data', data => {
      requests(data)
      if (isRequestLost) end()
      else toBroker(data, delayMs)
    })
    broker.on('data', data => {
      if (losing === undefined) {
        toClient(data, delayMs)
        return
      }
      const { passedBytes, done } = losing
      if (passedBytes === 0) end()
      else client.end(data.subarray(0, passedBytes), end)
      done()
    })
    if (isFrozen) {
      client.pause()
      broker.pause()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    cut() {
      isCut = true
      endAll()
    },
    heal() {
      isCut = false
      isFrozen = false
      delayMs = 0
      for (const socket of sockets) socket.resume()
    },
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    delay(ms) {
      delayMs = ms
    },
    loseResponseTo: (apiKey, passedBytes = 0) =>
      new Promise(done => {
        armed = { apiKey, what: 'response', passedBytes, done }
      }),
    loseRequest: apiKey =>
      new Promise(done => {
        armed = { apiKey, what: 'request', passedBytes: 0, done }
      }),
    disarm() {
      armed = undefined
    },
    async close() {
      endAll()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Writes each piece after its delay and never before the one that came earlier. */
function delayedWriter(socket: Socket): (data: Buffer, delayMs: number) => void {
  const waiting: { readonly data: Buffer; readonly dueAtMs: number }[] = []
  const writeDue = () => {
    const now = performance.now()
    while (waiting.length > 0 && waiting[0]!.dueAtMs <= now) {
      const { data } = waiting.shift()!
      if (!socket.destroyed) socket.write(data)
    }
    if (waiting.length > 0) setTimeout(writeDue, Math.ceil(waiting[0]!.dueAtMs - now))
  }
  return (data, delayMs) => {
    if (waiting.length === 0 && delayMs === 0) {
      socket.write(data)
      return
    }
    waiting.push({ data, dueAtMs: performance.now() + delayMs })
    if (waiting.length === 1) setTimeout(writeDue, delayMs)
  }
}

/** Calls back with the API key of each request that begins in what the client sends: a length, then the key. */
function requestWatcher(onRequest: (apiKey: number) => void): (data: Buffer) => void {
  const head = Buffer.alloc(6)
  let headBytes = 0
  let toSkip = 0
  return data => {
    let offset = 0
    while (offset < data.length) {
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, data.length - offset)
        toSkip -= skipped
        offset += skipped
        continue
      }
      head[headBytes++] = data[offset++]!
      if (headBytes < head.length) continue
      headBytes = 0
      toSkip = head.readInt32BE(0) - 2
      onRequest(head.readInt16BE(4))
    }
  }
}
