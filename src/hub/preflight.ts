import type { Organization } from '../event/organization.ts'
import { silentLogger } from '../log.ts'
import { type Attempt, attempt } from '../preflight.ts'
import { createPollingHub } from './client.ts'
import type { HttpSettings } from './http.ts'
import { headerText } from './rate-limit.ts'
import type { TokenOf } from './token.ts'
import type { WhoAmI } from './whoami.ts'

/** What the Hub said about one organization and its token. */
export interface HubFacts {
  readonly organization: Organization
  /** Where the token comes from. */
  readonly tokenSource: Attempt<string>
  /** Undefined where there is no token. */
  readonly whoAmI: Attempt<WhoAmI> | undefined
  readonly exported: Attempt<ExportSample> | undefined
}

/** The first bytes of an export, after which the download was ended. */
export interface ExportSample {
  readonly isEmpty: boolean
  readonly bytes: number
  readonly waitedMs: number
}

/** By how much the local clock is ahead of the Hub's, as an interval: `Date` has seconds, and answers take time. */
export interface ClockOffset {
  readonly leastMs: number
  readonly mostMs: number
}

/** Organizations that are asked about at the same time. */
const SIDE_BY_SIDE = 4

/**
 * Asks the Hub who each token is and for the beginning of each export, and changes nothing (the Hub may log the export
 * as an event). Tokens that several organizations share are asked about once: whoami-v2 is strict on rate.
 */
export async function askHub(
  organizations: readonly Organization[],
  { settings, tokenOf }: { readonly settings: HttpSettings; readonly tokenOf: TokenOf },
  signal: AbortSignal,
): Promise<{ readonly facts: HubFacts[]; readonly clock: ClockOffset | undefined }> {
  let clock: ClockOffset | undefined
  const hub = createPollingHub(settings, {
    tokenOf,
    now: Date.now,
    log: silentLogger,
    onAnswer({ sentAtMs, receivedAtMs, headers }) {
      const offset = clockOffset(sentAtMs, receivedAtMs, headerText(headers, 'date'))
      if (offset !== undefined) clock = clock === undefined ? offset : narrower(clock, offset)
    },
  })
  const asked = new Map<string, Promise<Attempt<WhoAmI>>>()

  async function factsOf(organization: Organization): Promise<HubFacts> {
    const token = await attempt(() => tokenOf(organization))
    if (!token.ok) return { organization, tokenSource: token, whoAmI: undefined, exported: undefined }
    const key = `${organization.endpoint} ${token.value.value}`
    const whoAmI = asked.get(key) ?? attempt(() => hub.whoAmI(organization, signal))
    asked.set(key, whoAmI)
    const exported = await attempt(() => firstBytes(organization))
    const { source } = token.value
    return { organization, tokenSource: { ok: true, value: source }, whoAmI: await whoAmI, exported }
  }

  async function firstBytes(organization: Organization): Promise<ExportSample> {
    const startedAtMs = performance.now()
    const download = await hub.exportAuditLog(organization, signal)
    let isEmpty = true
    // Leaving the loop ends the download.
    for await (const elements of download.elements) {
      if (elements.length === 0) continue
      isEmpty = false
      break
    }
    return { isEmpty, bytes: download.wireBytes(), waitedMs: performance.now() - startedAtMs }
  }

  const facts: HubFacts[] = []
  const waiting = organizations.entries()
  const worker = async (): Promise<void> => {
    for (const [index, organization] of waiting) facts[index] = await factsOf(organization)
  }
  try {
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
    return { facts, clock }
  } finally {
    await hub.close()
  }
}

/** Undefined without a `Date` that can be read (RFC 9110, section 6.6.1). */
export function clockOffset(sentAtMs: number, receivedAtMs: number, date: string): ClockOffset | undefined {
  const hubAtMs = Date.parse(date)
  if (Number.isNaN(hubAtMs)) return undefined
  return { leastMs: sentAtMs - (hubAtMs + 1_000), mostMs: receivedAtMs - hubAtMs }
}

function narrower(left: ClockOffset, right: ClockOffset): ClockOffset {
  return right.mostMs - right.leastMs < left.mostMs - left.leastMs ? right : left
}
