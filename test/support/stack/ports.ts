import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const given = new Set<number>()

/**
 * A loopback port that nothing listens on now. Below the range from which the system takes the ports of outgoing
 * connections, so that a server which is stopped for a while finds its port free again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
}

/** `wanted` if nothing listens there, else the next port that is free. */
export async function firstFreePort(wanted: number): Promise<number> {
  let port = wanted
  while (given.has(port) || !(await isFree(port))) port += 1
  given.add(port)
  return port
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
