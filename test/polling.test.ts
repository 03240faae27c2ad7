import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectorError, type ErrorCode } from '../src/errors.ts'
import type { Organization } from '../src/event/organization.ts'
import type { PollOutcome } from '../src/poller.ts'
import { keepPolling, pollOnce } from '../src/polling.ts'
import { stoppedError } from '../src/retry.ts'

const organization: Organization = { name: 'example', identity: 'example', endpoint: 'http://127.0.0.1:1' }
const outcome = { ledger: {}, findings: [] } as unknown as PollOutcome
const settings = { pollIntervalMs: 10, blockedRetryMs: 10, organizations: 1 }

/** A poller that fails with these codes in turn, then succeeds; stops the loop after `polls` successes. */
function scripted(failures: (ErrorCode | undefined)[], polls: number) {
  const stop = new AbortController()
  const told: string[] = []
  let done = 0
  const dependencies = {
    poller: {
      async poll() {
        const code = failures.shift()
        if (code !== undefined)
          throw new ConnectorError(code, code, { retryable: !code.startsWith('HUB_FOR') })
        return outcome
      },
    },
    now: () => 0,
    random: () => 0,
    onPolled() {
      told.push('polled')
      done += 1
      if (done === polls) stop.abort()
    },
    onFailed: (_: Organization, error: ConnectorError, retryInMs: number | undefined) => {
      told.push(`${error.code} ${retryInMs === undefined ? 'final' : 'again'}`)
    },
  }
  return { dependencies, signal: stop.signal, told }
}

test('a failed poll is tried again, a blocked organization too, and nothing but the signal ends it', async () => {
  const { dependencies, signal, told } = scripted(
    ['HUB_UNAVAILABLE', 'HUB_FORBIDDEN', 'JOURNAL_STALE', 'UNEXPECTED', undefined, 'HUB_BODY_BROKEN'],
    2,
  )
  await keepPolling(organization, settings, dependencies, signal)
  assert.deepEqual(told, [
    'HUB_UNAVAILABLE again',
    'HUB_FORBIDDEN again',
    'JOURNAL_STALE again',
    'UNEXPECTED again',
    'polled',
    'HUB_BODY_BROKEN again',
    'polled',
  ])
})

test('a journal that is not ours to write ends the process, not only the loop', async () => {
  const { dependencies, signal } = scripted(['JOURNAL_MISMATCH'], 1)
  await assert.rejects(keepPolling(organization, settings, dependencies, signal), {
    code: 'JOURNAL_MISMATCH',
  })
})

test('once: transient failures are tried again, a blocked organization is not', async () => {
  const transient = scripted(['HUB_UNAVAILABLE', 'JOURNAL_STALE'], 9)
  assert.equal(await pollOnce(organization, settings, transient.dependencies, transient.signal), undefined)
  assert.deepEqual(transient.told, ['HUB_UNAVAILABLE again', 'JOURNAL_STALE again', 'polled'])
  const blocked = scripted(['HUB_FORBIDDEN'], 9)
  const error = await pollOnce(organization, settings, blocked.dependencies, blocked.signal)
  assert.equal(error?.code, 'HUB_FORBIDDEN')
  assert.deepEqual(blocked.told, ['HUB_FORBIDDEN final'])
})

test('once: a poll that the time-out cuts off is not done, and one that is stopped says only that', async () => {
  const cutOff = async (signal: AbortSignal) => {
    const { dependencies, told } = scripted([], 9)
    const poll = () =>
      new Promise<never>((_, reject) => {
        // Timers of time-outs do not keep a process alive.
        const held = setTimeout(() => {}, 60_000)
        signal.addEventListener('abort', () => {
          clearTimeout(held)
          reject(stoppedError(signal))
        })
      })
    const error = await pollOnce(organization, settings, { ...dependencies, poller: { poll } }, signal)
    return [error?.code, told]
  }
  assert.deepEqual(await cutOff(AbortSignal.any([AbortSignal.timeout(20)])), [
    'HUB_UNAVAILABLE',
    ['HUB_UNAVAILABLE final'],
  ])
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 20)
  assert.deepEqual(await cutOff(AbortSignal.any([stop.signal])), ['STOPPED', []])
})

test('once: what went wrong before the time-out is what is returned', async () => {
  const timeout = new AbortController()
  const { dependencies } = scripted(Array(50).fill('HUB_RATE_LIMITED'), 9)
  const error = await pollOnce(
    organization,
    settings,
    {
      ...dependencies,
      onFailed: () => timeout.abort(),
    },
    timeout.signal,
  )
  assert.equal(error?.code, 'HUB_RATE_LIMITED')
})
