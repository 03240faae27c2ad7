import { nearest } from '../config/file.ts'
import type { ConnectorError } from '../errors.ts'
import type { ClockOffset, ExportSample, HubFacts } from '../hub/preflight.ts'
import type { WhoAmI } from '../hub/whoami.ts'
import { type AreaResults, type Attempt, areaResults, type CheckResult } from '../preflight.ts'
import { countOf } from '../status/words.ts'
import {
  EXPORT_PERMISSION,
  expiryOf,
  exportGrant,
  organizationIn,
  restrictionsOf,
  tokenInWords,
} from './token.ts'

/** Less than what a clock without NTP drifts in a month. */
const CLOCK_WARNING_MS = 10_000
/** Beyond this, certificates, expiries and the times in the trail are wrong. */
const CLOCK_FAILURE_MS = 5 * 60_000

/** What the Hub's answers mean, a few lines for each organization. */
export function judgeHub(
  { facts, clock }: { readonly facts: readonly HubFacts[]; readonly clock: ClockOffset | undefined },
  nowMs: number,
): CheckResult[] {
  const lines = areaResults('hub')
  for (const fact of facts) judgeOrganization(fact, lines, nowMs)
  judgeClock(clock, lines)
  return lines.results
}

function judgeOrganization({ organization, ...facts }: HubFacts, lines: AreaResults, nowMs: number): void {
  const { name, endpoint } = organization
  const { tokenSource, whoAmI, exported } = facts
  if (!tokenSource.ok) {
    lines.fail(
      `token of ${name}`,
      tokenSource.error.message,
      tokenSource.error.mend ?? `make one: ${endpoint}/settings/tokens`,
    )
    return
  }
  const works = exported?.ok === true
  if (whoAmI?.ok === true) {
    judgeToken(whoAmI.value, { name, endpoint, source: tokenSource.value, works }, lines, nowMs)
    judgeMembership(whoAmI.value, { name, endpoint, works }, lines)
  } else if (whoAmI !== undefined && whoAmI.error.code !== 'HUB_UNAUTHORIZED' && works) {
    lines.skip(`token of ${name}`, `what it is cannot be told: ${whoAmI.error.message}`)
  } else if (whoAmI !== undefined) {
    lines.fail(`token of ${name}`, whoAmI.error.message, mendOf(whoAmI.error, name, endpoint))
  }
  const isRefusedAlike = whoAmI?.ok === false && whoAmI.error.code === 'HUB_UNAUTHORIZED'
  if (exported?.ok === false && isRefusedAlike && exported.error.code === 'HUB_UNAUTHORIZED')
    lines.skip(`export of ${name}`, 'refused for the same reason')
  else if (exported !== undefined) judgeExport(exported, name, endpoint, lines)
}

interface Asked {
  readonly name: string
  readonly endpoint: string
  /** The export answers: whatever whoami-v2 tells, the token may read it now. */
  readonly works: boolean
}

function inDays(days: number): string {
  return days === 0 ? 'in less than a day' : `in ${countOf(days, 'day')}`
}

function judgeToken(whoAmI: WhoAmI, asked: Asked & { source: string }, lines: AreaResults, nowMs: number) {
  const { name, endpoint, source, works } = asked
  const page = `${endpoint}/settings/tokens`
  const words = `${tokenInWords(whoAmI)}, from ${source}`
  const expiry = expiryOf(whoAmI, nowMs)
  const subject = `token of ${name}`
  if (expiry.kind === 'untold') lines.ok(subject, `${words}; no end of its validity is told`)
  else if (expiry.kind === 'later')
    lines.ok(subject, `${words}; expires ${expiry.at}, ${inDays(expiry.days)}`)
  else {
    const when = expiry.kind === 'expired' ? 'expired' : `expires ${inDays(expiry.days)},`
    const tell = expiry.kind === 'expired' ? lines.fail : lines.warn
    tell(subject, `${words}; ${when} ${expiry.at}`, `make a new one at ${page} and put it into ${source}`)
  }

  const grant = exportGrant(whoAmI, name)
  const permission = `permission for ${name}`
  const mend =
    `at ${page} edit the token, choose ${name} under the organization permissions and tick the audit log ` +
    `(${EXPORT_PERMISSION}); where the organization approves tokens, an admin must then approve it`
  switch (grant.kind) {
    case 'granted':
      return lines.ok(permission, EXPORT_PERMISSION)
    case 'all-of-user':
      return lines.warn(
        permission,
        'the token may do all that its user may, which is far more than reading the audit log',
        `make a fine-grained token with only ${EXPORT_PERMISSION} on ${name} at ${page}`,
      )
    case 'untold':
      return lines.skip(permission, 'the Hub does not tell what this kind of token may: see the export')
    default: {
      if (organizationIn(whoAmI, name) === undefined && !works)
        return lines.skip(permission, 'not known in an organization that the token does not see')
      const listed =
        grant.kind === 'read-only'
          ? `the token is of the kind "read", and the export needs ${EXPORT_PERMISSION}`
          : `${EXPORT_PERMISSION} on ${name} is not among the token's permissions (${shown(grant.instead)})`
      const tell = works ? lines.warn : lines.fail
      return tell(permission, works ? `the export works, although ${listed}` : listed, mend)
    }
  }
}

function judgeMembership(whoAmI: WhoAmI, { name, endpoint, works }: Asked, lines: AreaResults): void {
  const subject = `organization ${name}`
  const organization = organizationIn(whoAmI, name)
  const tell = works ? lines.warn : lines.fail
  if (organization === undefined) {
    const known = whoAmI.orgs?.map(org => org.name) ?? []
    tell(
      subject,
      `the token's user ${whoAmI.name} is in no organization of this name (in ${shown(known)})${nearest(name, known)}`,
      'correct HF_AUDIT_ORGANIZATIONS, or have the user added to the organization as an admin',
    )
    return
  }
  const settings = `${endpoint}/organizations/${organization.name}/settings`
  const restrictions = restrictionsOf(organization, settings)
  for (const { cause, mend } of restrictions) tell(subject, cause, mend)
  const { plan, roleInOrg: role } = organization
  const words = [
    plan === undefined ? 'no paid plan is told' : `plan ${plan}`,
    role === undefined ? 'no role is told' : `role ${role}`,
  ].join(', ')
  if (plan === undefined) {
    tell(subject, `${words}: the audit log needs a Team or Enterprise plan`, `see ${settings}/billing`)
  } else if (role !== undefined && role !== 'admin' && !works) {
    lines.fail(
      subject,
      `${words}: the audit log is for admins`,
      `make ${whoAmI.name} an admin at ${settings}/members, or use the token of one`,
    )
  } else if (restrictions.length === 0) {
    lines.ok(subject, words)
  }
}

function judgeExport(
  exported: Attempt<ExportSample>,
  name: string,
  endpoint: string,
  lines: AreaResults,
): void {
  const subject = `export of ${name}`
  if (!exported.ok) {
    lines.fail(subject, exported.error.message, mendOf(exported.error, name, endpoint))
    return
  }
  const { isEmpty, bytes, waitedMs } = exported.value
  const after = `after ${(waitedMs / 1_000).toFixed(1)} s`
  if (isEmpty) lines.warn(subject, `answers ${after}, with an empty array: no events yet?`)
  else lines.ok(subject, `answers ${after}; ended the download after ${bytes.toLocaleString('en')} bytes`)
}

/** The error's own words say what to do; this is where. */
function mendOf(error: ConnectorError, name: string, endpoint: string): string {
  switch (error.code) {
    case 'HUB_UNAUTHORIZED':
      return `make a new token at ${endpoint}/settings/tokens`
    case 'HUB_PAYMENT_REQUIRED':
      return `see ${endpoint}/organizations/${name}/settings/billing`
    case 'HUB_FORBIDDEN':
      return `give the token ${EXPORT_PERMISSION} on ${name} at ${endpoint}/settings/tokens, by an admin's account`
    case 'HUB_NOT_FOUND':
      return `open ${endpoint}/${name}: the name in its address is the one for HF_AUDIT_ORGANIZATIONS`
    case 'HUB_REDIRECTED':
      return 'set HF_ENDPOINT to https://huggingface.co, or to the address that your Hub really has'
    case 'HUB_RATE_LIMITED':
      return 'wait as long as the Hub says; give the connector a token that nothing else uses'
    default:
      return `see that this machine reaches it: curl -sI ${endpoint} (proxies: HTTPS_PROXY, NO_PROXY)`
  }
}

function judgeClock(clock: ClockOffset | undefined, lines: AreaResults): void {
  if (clock === undefined) {
    lines.skip('clock', 'the Hub told no time to compare with')
    return
  }
  const { leastMs, mostMs } = clock
  const ahead = leastMs > 0
  const offMs = Math.max(0, leastMs, -mostMs)
  const words = `this machine's clock is ${ahead ? 'ahead of' : 'behind'} the Hub's by at least ${Math.round(offMs / 1_000)} s`
  const mend =
    'let the system keep the time: timedatectl set-ntp true (or chrony, or the host of the container)'
  if (offMs > CLOCK_FAILURE_MS) lines.fail('clock', words, mend)
  else if (offMs > CLOCK_WARNING_MS) lines.warn('clock', words, mend)
  else lines.ok('clock', "agrees with the Hub's")
}

function shown(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const most = names.slice(0, 10).join(', ')
  return names.length > 10 ? `${most}, …` : most
}
