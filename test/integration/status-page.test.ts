import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { type AdminServer, startAdminServer } from '../../src/admin/server.ts'
import { pageRoute } from '../../src/admin/status-routes.ts'
import { silentLogger } from '../../src/log.ts'
import type { Status } from '../../src/status/model.ts'
import { accessibilityProblems, startBrowser } from '../support/browser.ts'
import { missingFor, requireStack } from '../support/stack/requirements.ts'
import { organization, STATES, status } from '../support/statuses.ts'

/** The page that the real server sends, in a real Chromium. STATUS_PAGE_PICTURES names a folder that wants pictures. */

const pictures = process.env.STATUS_PAGE_PICTURES
let browser: Browser | undefined
before(async () => {
  if ((await missingFor('browser')) === undefined) browser = await startBrowser()
})
after(() => browser?.close())

interface Shown {
  readonly page: Page
  readonly server: AdminServer
  /** What the browser complained of: blocked by the policy, failed scripts. */
  readonly complaints: string[]
  show(next: Status): void
}

async function shown(
  t: TestContext,
  first: Status,
  options: BrowserContextOptions = {},
): Promise<Shown | undefined> {
  if (!(await requireStack(t, 'browser'))) return undefined
  let present = first
  const address = { host: '127.0.0.1', port: 0, statusPassword: undefined }
  const server = await startAdminServer(address, [pageRoute(async () => present)], silentLogger)
  t.after(() => server.close())
  const context = await browser!.newContext(options)
  t.after(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))
  await page.goto(server.url)
  return {
    page,
    server,
    complaints,
    show(next) {
      present = next
    },
  }
}

/** Pixels. As text: the compiler knows no browser here. */
function tooWideBy(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
}

const HEADLINES: Readonly<Record<string, RegExp>> = {
  well: /^All is well$/,
  starting: /^Starting: 2 organizations to be polled first$/,
  backfill: /^All is well; the first export of 2 organizations is under way$/,
  quiet: /^All is well$/,
  blocked: /^example-labs is blocked$/,
  gap: /^example-org has a gap$/,
  'collector-down': /^The collector cannot be reached$/,
  'kafka-down': /^Kafka cannot be reached$/,
  standby: /^Standing by: other workers poll all organizations$/,
  'unknown-types': /^All is well$/,
  'token-expiring': /^The token of example-org expires in 5 d$/,
}

for (const [name, state] of Object.entries(STATES)) {
  test(`${name}: told at a glance, accessible, and fits a phone and a desk, in the light and in the dark`, async t => {
    const view = await shown(t, state)
    if (view === undefined) return
    const { page, complaints } = view
    assert.match((await page.textContent('#headline'))!, HEADLINES[name]!)
    assert.match(await page.title(), / · hf-audit$/)
    for (const [width, colorScheme] of [
      [375, 'dark'],
      [1280, 'light'],
    ] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme })
      assert.ok((await tooWideBy(page)) <= 0, `wider than ${width} px`)
      assert.deepEqual(await accessibilityProblems(page), [])
      if (pictures !== undefined) {
        mkdirSync(pictures, { recursive: true })
        await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true })
      }
    }
    assert.deepEqual(complaints, [])
  })
}

test('events of unknown types are counted on the card, and unfolded they are named', async t => {
  const view = await shown(t, STATES['unknown-types']!)
  if (view === undefined) return
  const { page } = view
  const summary = page.getByText('Unknown types: 1,208 events of 3 types')
  assert.equal(await summary.count(), 1)
  assert.equal(await page.getByText('repo.teleport').isVisible(), false)
  await summary.click()
  const shownTypes = await page.locator('[id^=unknown-types] li').allTextContents()
  assert.deepEqual(shownTypes, ['org.settings.quantum.enable 1,204', 'repo.teleport 3', '_OTHER 1'])
  for (const width of [375, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    assert.ok((await tooWideBy(page)) <= 0, `wider than ${width} px`)
    assert.deepEqual(await accessibilityProblems(page), [])
  }
})

test('the longest names and words break rather than widen the page', async t => {
  const long = 'x'.repeat(96)
  const problem = {
    code: 'HUB_FORBIDDEN',
    message: `${'y'.repeat(800)} ${long}`,
    sinceMs: 0,
    attempts: 1,
  } as const
  const state = status({
    organizations: [
      organization({ organization: long, name: `${long}y`, phase: 'blocked', problem }),
      organization({ organization: `${long}z`, phase: 'elsewhere' }),
    ],
    journal: { ...STATES.well!.journal, place: 'z'.repeat(300) },
    forwarder: { ...STATES.well!.forwarder!, destination: `http://${'c'.repeat(250)}/v1/logs` },
  })
  const view = await shown(t, state)
  if (view === undefined) return
  for (const width of [320, 375, 1280]) {
    await view.page.setViewportSize({ width, height: 800 })
    const excess = await tooWideBy(view.page)
    assert.ok(excess <= 0, `${excess} px too wide at ${width} px`)
  }
})

test('it renews itself, keeps open what was opened, and says what changed to those who listen', async t => {
  const view = await shown(t, STATES.gap!)
  if (view === undefined) return
  const { page, complaints, show } = view
  await page.click('summary')
  await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
  show(status({ ...STATES.gap!, forwarder: STATES['collector-down']!.forwarder }))
  await page.locator('#headline', { hasText: '1 more' }).waitFor({ timeout: 30_000 })
  assert.equal(
    await page.evaluate(() => (globalThis as unknown as { sameDocument: boolean }).sameDocument),
    true,
  )
  assert.equal(await page.locator('details[open]').count(), 1)
  assert.equal(await page.evaluate('document.activeElement.tagName'), 'SUMMARY')
  assert.match((await page.textContent('#spoken'))!, /has a gap, and 1 more to look at/)
  assert.deepEqual(await accessibilityProblems(page), [])
  assert.deepEqual(complaints, [])
})

test('when nothing answers any more, that is said: old numbers must not look fresh', async t => {
  const view = await shown(t, STATES.well!)
  if (view === undefined) return
  await view.server.close()
  await view.page.waitForSelector('#silent:visible', { timeout: 30_000 })
  assert.match((await view.page.textContent('#silent'))!, /^The connector has not answered for \d+ s/)
  assert.deepEqual(await accessibilityProblems(view.page), [])
})

test('it is whole without a script, and asks to be loaded again', async t => {
  const view = await shown(t, STATES.blocked!, { javaScriptEnabled: false })
  if (view === undefined) return
  const { page } = view
  assert.match((await page.textContent('main'))!, /example-labs is blocked[\s\S]*org\.auditLog\.write/)
  assert.equal(await page.locator('meta[http-equiv=refresh]').count(), 1)
})

test('a hostile name is a name', async t => {
  const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
  const problem = { code: 'HUB_FORBIDDEN', message: evil, sinceMs: 0, attempts: 1 } as const
  const view = await shown(
    t,
    status({ organizations: [organization({ organization: evil, phase: 'blocked', problem })] }),
  )
  if (view === undefined) return
  assert.equal(await view.page.locator('main img').count(), 0)
  assert.ok((await view.page.textContent('main'))!.includes(evil))
  assert.deepEqual(view.complaints, [])
})
