import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { checkSsoConfig, type SsoConfigInput } from '../../../src/hub/enterprise/sso-validation.ts'
import { clientOf } from './calls.ts'
import { type Reply, startDocumentedHub } from './documented-hub.ts'
import { WHO_AM_I } from './examples.ts'

const EXPORT = 'GET /api/organizations/{name}/audit-log/export'
const WHO = 'GET /api/whoami-v2'

function event(type: string, createdAt: string, day = '1') {
  return { _id: day.repeat(24), type, createdAt, message: '', author: { user: 'ann' } }
}

async function startHub(t: TestContext, replies: Record<string, Reply>) {
  return startDocumentedHub(t, ({ operation }) => replies[operation])
}

function whoAmI(securityRestrictions?: string[]): Reply {
  return { status: 200, body: { ...WHO_AM_I, orgs: [{ ...WHO_AM_I.orgs[0]!, securityRestrictions }] } }
}

test('what is known of SSO is derived from the newest event that proves something', async t => {
  const events = [
    event('org.settings.sso.enable', '2026-05-01T00:00:00Z'),
    event('org.settings.sso.disable', '2026-07-01T00:00:00Z'),
    event('org.sso_login', '2026-06-01T12:00:00.123Z', '2'),
    event('org.sso_login', '2026-06-01T12:00:00.124Z', '3'),
    event('org.settings.sso', '2026-04-01T00:00:00Z'),
    event('repo.create', '2026-08-01T00:00:00Z'),
    event('org.sso_join', 'yesterday'),
    'sso',
    null,
  ]
  const hub = await startHub(t, { [EXPORT]: { status: 200, body: events }, [WHO]: whoAmI([]) })
  const config = await clientOf(hub.endpoint).getSsoConfig('acme')
  assert.equal(config.derived, true)
  assert.equal(config.enabled, false)
  assert.equal(config.evidence, 'audit-log')
  assert.equal(config.requiredOfThisToken, false)
  assert.equal(config.provider, undefined)
  assert.equal(config.lastLogin?._id, '3'.repeat(24))
  assert.equal(config.lastDisabled?.createdAt, '2026-07-01T00:00:00Z')
  assert.equal(config.lastChanged?.type, 'org.settings.sso')
  assert.equal(config.lastJoin, undefined)
  assert.equal(config.settingsUrl, `${hub.endpoint}/organizations/acme/settings`)
  assert.deepEqual(hub.violations, [])
})

test('a demand of the Hub on this token goes before the audit log; without either nothing is claimed', async t => {
  const replies: Record<string, Reply> = {
    [EXPORT]: { status: 200, body: [event('org.settings.sso.disable', '2026-07-01T00:00:00Z')] },
    [WHO]: whoAmI(['mfa', 'sso']),
  }
  const hub = await startHub(t, replies)
  const client = clientOf(hub.endpoint)
  const demanded = await client.getSsoConfig('acme')
  assert.deepEqual(
    [demanded.enabled, demanded.evidence, demanded.requiredOfThisToken],
    [true, 'whoami', true],
  )
  replies[EXPORT] = { status: 200, body: [] }
  replies[WHO] = whoAmI()
  const nothing = await client.getSsoConfig('acme')
  assert.deepEqual([nothing.enabled, nothing.evidence], [undefined, 'none'])
})

test('one source that refuses is told, and the other speaks; both refusing is an error', async t => {
  const replies: Record<string, Reply> = {
    [EXPORT]: { status: 403, body: { error: 'admins only' } },
    [WHO]: whoAmI(['sso']),
  }
  const hub = await startHub(t, replies)
  const client = clientOf(hub.endpoint)
  const config = await client.getSsoConfig('acme')
  assert.equal(config.enabled, true)
  assert.equal(config.auditLogError?.code, 'HUB_FORBIDDEN')
  assert.match(config.auditLogError?.message ?? '', /org\.auditLog\.write/)
  replies[WHO] = { status: 429 }
  await assert.rejects(client.getSsoConfig('acme'), { code: 'HUB_RATE_LIMITED' })
  replies[EXPORT] = { status: 200, body: [event('org.sso_join', '2026-07-01T00:00:00Z')] }
  const read = await client.getSsoConfig('acme')
  assert.equal(read.enabled, true)
  assert.equal(read.whoAmIError?.code, 'HUB_RATE_LIMITED')
  assert.equal(read.requiredOfThisToken, undefined)
})

/** Certificate and key that openssl made, valid for a day. */
function certificate(t: TestContext): { pem: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'sso-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const [key, pem] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const subject = ['-subj', '/CN=idp.example/O=Acme', '-days', '1']
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      pem,
      ...subject,
    ],
    { stdio: 'ignore' },
  )
  return { pem: readFileSync(pem, 'utf8'), key: readFileSync(key, 'utf8') }
}

test('a valid configuration is refused all the same, with the page to paste it into, and nothing is sent', async t => {
  const { pem } = certificate(t)
  const hub = await startDocumentedHub(t)
  const client = clientOf(hub.endpoint)
  const saml: SsoConfigInput = {
    provider: 'saml',
    enabled: true,
    ssoUrl: 'https://idp.example/sso',
    certificate: `Bag Attributes\n${pem}`,
  }
  const oidc: SsoConfigInput = {
    provider: 'oidc',
    ssoUrl: 'https://idp.example',
    clientId: 'client',
    clientSecret: 's3cret-value',
  }
  for (const config of [saml, oidc]) {
    await assert.rejects(client.updateSsoConfig('acme', config), (error: Error & { code: string }) => {
      assert.equal(error.code, 'HUB_UNSUPPORTED')
      assert.ok(error.message.includes(`${hub.endpoint}/organizations/acme/settings`))
      assert.match(error.message, /nothing was changed/)
      assert.ok(!inspect(error).includes('s3cret-value'))
      return true
    })
  }
  assert.equal(hub.received.length, 0)
  const checked = checkSsoConfig(saml, Date.now())
  assert.equal(checked.certificate?.subject, 'CN=idp.example, O=Acme')
  assert.match(checked.certificate?.fingerprint256 ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.equal(checked.certificate?.daysLeft, 0)
})

test('every mistake of a configuration is named at once, and no secret', t => {
  const { pem, key } = certificate(t)
  const nowMs = Date.now()
  const day = 24 * 3_600_000
  const saml = { provider: 'saml', ssoUrl: 'https://idp.example/sso', certificate: pem }
  const oidc = {
    provider: 'oidc',
    ssoUrl: 'https://idp.example',
    clientId: 'c',
    clientSecret: 's3cret-value',
  }
  const refused: readonly (readonly [object, readonly RegExp[], number?])[] = [
    [{ provider: 'ldap', ssoUrl: 'https://a' }, [/"ldap"; allowed are saml, oidc/]],
    [{ provider: 'saml' }, [/ssoUrl is missing/, /certificate is missing/]],
    [{ provider: 'oidc' }, [/ssoUrl is missing/, /clientId is missing/, /clientSecret is missing/]],
    [{ ...saml, ssoUrl: 'http://idp.example' }, [/begins with https/]],
    [{ ...saml, ssoUrl: 'https://u:s3cret-value@idp.example' }, [/holds a user name or password/]],
    [{ ...saml, ssoUrl: 'https://idp.example/#x' }, [/#fragment/]],
    [{ ...saml, certificate: 'MIIB' }, [/not one PEM block.*none was found/]],
    [{ ...saml, certificate: pem + pem }, [/found: CERTIFICATE, CERTIFICATE/]],
    [{ ...saml, certificate: pem + key }, [/holds a private key/]],
    [{ ...saml, certificate: pem.replace(/\n[^\n]{10}/, '\nAAAAAAAAAA') }, [/damaged/]],
    [saml, [/expired on/], nowMs + 2 * day],
    [saml, [/not valid before/], nowMs - 2 * day],
    [
      { ...saml, clientId: 'c', clientSecret: 's3cret-value' },
      [/clientId is not used/, /clientSecret is not used/],
    ],
    [{ ...oidc, certificate: pem }, [/certificate is not used by oidc/]],
    [{ ...oidc, enabled: 'yes' }, [/enabled is neither true nor false/]],
  ]
  for (const [input, mistakes, atMs] of refused) {
    assert.throws(
      () => checkSsoConfig(input as SsoConfigInput, atMs ?? nowMs),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID')
        for (const mistake of mistakes) assert.match(error.message, mistake)
        assert.ok(!error.message.includes('s3cret-value') && !error.message.includes(key.split('\n')[1]!))
        return true
      },
    )
  }
})
