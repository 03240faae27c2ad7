import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { html } from '../../src/admin/page/html.ts'
import { CONTENT_SECURITY_POLICY, renderPage } from '../../src/admin/page/page.ts'
import { organization, STATES, status } from '../support/statuses.ts'

test('every foreign text is text on the page, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const { text: markup } = html`<p title="${text}">${text}</p>`
      const inner = markup.slice('<p title="'.length, -'</p>'.length)
      assert.equal(inner.split('">').length, 2)
      assert.doesNotMatch(inner.replace('">', ''), /[<>"']/)
      assert.ok(markup.isWellFormed())
    }),
  )
})

test('hostile names and messages are escaped everywhere', () => {
  const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u202Etxet`
  const problem = { code: 'HUB_FORBIDDEN', message: evil, sinceMs: 0, attempts: 1 } as const
  const finding = { kind: 'GAP', severity: 'ERROR', message: evil, count: 1, foundAtMs: 0 } as const
  const page = renderPage(
    status({
      organizations: [
        organization({
          organization: evil,
          name: `${evil}!`,
          phase: 'blocked',
          problem,
          findings: { isComplete: true, counts: { GAP: 1 }, latest: [finding] },
        }),
        organization({ organization: evil, phase: 'elsewhere' }),
      ],
      journal: {
        kind: 'kafka',
        place: evil,
        state: 'unreachable',
        message: evil,
        isRegistryAway: false,
        sinceMs: 0,
        shards: undefined,
      },
      forwarder: {
        destination: evil,
        state: 'blocked',
        message: evil,
        sinceMs: 0,
        backlog: 1,
        delivered: 0,
        rejected: 1,
        deadLettered: 1,
        lastError: { message: evil, atMs: 0 },
      },
      worker: { ...STATES.well!.worker, hub: evil, version: evil },
    }),
  )
  assert.equal(page.split('<script').length, 2)
  assert.doesNotMatch(page, /<img|\u202E/)
})

test('style and script are those that the policy allows, and nothing comes from outside', () => {
  const page = renderPage(STATES.well!)
  for (const tag of ['style', 'script']) {
    const content = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)![1]!
    const hash = createHash('sha256').update(content).digest('base64')
    assert.ok(CONTENT_SECURITY_POLICY.includes(`'sha256-${hash}'`), tag)
  }
  assert.doesNotMatch(page, / style=| on\w+=|<link(?! rel="icon" href="data:,")|@import|url\(/)
  assert.doesNotMatch(page, /src=/)
})

test('of a thousand organizations the troubled ones come first, and the page stays a page', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => organization({ organization: `example-${index}` }))
  const problem = { code: 'HUB_FORBIDDEN', message: 'words', sinceMs: 0, attempts: 1 } as const
  many.push(organization({ organization: 'example-blocked', phase: 'blocked', problem }))
  const page = renderPage(status({ organizations: many }))
  assert.ok(page.indexOf('<h3>example-blocked</h3>') < page.indexOf('<h3>example-0</h3>'))
  assert.match(page, /Also polled here: 901 organizations\./)
  assert.ok(page.length < 400_000, `${page.length} characters`)
})
