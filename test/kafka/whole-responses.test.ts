import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createClient } from '../../src/kafka/client.ts'
import { withAdmin } from '../../src/kafka/connect.ts'
import { silentLogger } from '../../src/log.ts'
import { testSettings } from './broker.ts'

/** Takes connections and answers each piece that comes with these bytes. */
async function answering(t: TestContext, answer: Buffer): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

for (const [what, answer] of [
  ['a length below zero', Buffer.from('ff00000000000000', 'hex')],
  ['a response without a number', Buffer.from('0000000201020000', 'hex')],
] as const) {
  test(`${what} is an error of the request, and not the end of the process`, async t => {
    const broker = await answering(t, answer)
    const kafka = createClient(testSettings(broker, []), silentLogger)
    await assert.rejects(
      withAdmin(kafka, admin => admin.listTopics()),
      /sent what is no response of Kafka/,
    )
  })
}
