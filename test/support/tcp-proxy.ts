import { connect as connectTcp, createServer, type Socket } from 'node:net'

/** API keys of Kafka's protocol: https://kafka.apache.org/protocol#protocol_api_keys */
export const PRODUCE = 0
export const END_TXN = 26

export interface TcpProxy {
  readonly port: number
  /** Ends every connection and takes no new ones, until `heal`. */
  cut(): void
  heal(): void
  /**
   * The next Kafka request with this API key reaches the broker, its response does not reach the client: the connection
   * ends as soon as the response is there. Resolves then.
   */
  loseResponseTo(apiKey: number): Promise<void>
  close(): Promise<void>
}

/** Passes connections on to a port on loopback. Listens on `port`, which is also what the broker must advertise. */
export async function startTcpProxy(port: number, targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let armed: { readonly apiKey: number; readonly done: () => void } | undefined

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
    let losing: (() => void) | undefined
    const requests = requestWatcher(apiKey => {
      if (armed?.apiKey !== apiKey) return
      losing = armed.done
      armed = undefined
    })
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', data => {
      requests(data)
      broker.write(data)
    })
    broker.on('data', data => {
      if (losing === undefined) {
        client.write(data)
        return
      }
      const told = losing
      end()
      told()
    })
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
    },
    loseResponseTo: apiKey =>
      new Promise(done => {
        armed = { apiKey, done }
      }),
    async close() {
      endAll()
      await new Promise(resolve => server.close(resolve))
    },
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
