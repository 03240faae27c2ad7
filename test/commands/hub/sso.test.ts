import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commandLine, sharedRunner } from '../../support/hub-commands.ts'

after(() => sharedRunner().stop())

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/sso/${name}`, import.meta.url))
const SECRET = 'inventedClientSecretOfNobody'

function secretFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-sso-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'secret')
  writeFileSync(path, `${SECRET}\n`)
  return path
}

test('show: derived from whoami-v2 and the audit log, each said, with the settings page', async t => {
  const line = await commandLine(t)
  line.hub.append({ type: 'org.settings.sso.enable', createdAt: '2026-02-01T00:00:00Z' })
  const enabled = await line.output('sso', 'show')
  assert.match(enabled, /^single sign-on +enabled, by the audit log \(derived\)$/m)
  assert.match(
    enabled,
    /^last enabled +2026-02-01T00:00:00\S* by \S+ \(audit log, org\.settings\.sso\.enable\)$/m,
  )
  assert.match(enabled, new RegExp(`^settings page +${line.url}/organizations/example-org/settings$`, 'm'))
  line.hub.append({ type: 'org.settings.sso.disable', createdAt: '2026-03-01T00:00:00Z' })
  const [disabled] = await line.objects('sso', 'show')
  assert.deepEqual(
    [disabled!.derived, disabled!.enabled, disabled!.evidence, disabled!.provider, disabled!.auditLogError],
    [true, false, 'audit-log', null, null],
  )
})

test('show: an audit log that may not be read is said, and whoami-v2 speaks alone; with neither it fails', async t => {
  const line = await commandLine(t)
  line.hub.fault({ kind: 'status', endpoint: 'export', status: 403 })
  const { code, stdout, stderr } = await line.run(['sso', 'show', '--json'])
  assert.equal(code, 0)
  assert.match(stderr, /not all can be told\. GET .*audit-log\/export was answered 403/)
  const told = JSON.parse(stdout) as { enabled: unknown; auditLogError: { code: string } }
  assert.deepEqual([told.enabled, told.auditLogError.code], [null, 'HUB_FORBIDDEN'])
  line.hub.fault({ kind: 'status', endpoint: 'whoami', status: 401 })
  assert.equal((await line.run(['sso', 'show'])).code, 3)
})

test('validate: a good configuration is told in full but its secret, and where to paste it', async t => {
  const line = await commandLine(t)
  const saml = [
    '--provider',
    'saml',
    '--sso-url',
    'https://idp.example/sso',
    '--certificate-file',
    fixture('idp.pem'),
  ]
  const text = await line.output('sso', 'validate', ...saml)
  assert.match(text, /^certificate of +CN=idp\.example$/m)
  assert.match(text, /^paste it into +http:\/\/.*\/organizations\/example-org\/settings$/m)
  const oidc = [
    '--provider',
    'oidc',
    '--sso-url',
    'https://idp.example',
    '--client-id',
    'hub',
    '--client-secret-file',
  ]
  const json = await line.output('sso', 'validate', ...oidc, secretFile(t), '--json')
  const { clientId, ssoUrl } = JSON.parse(json) as { clientId: string; ssoUrl: string }
  assert.deepEqual([clientId, ssoUrl], ['hub', 'https://idp.example'], 'the issuer as it was written')
  assert.ok(!json.includes(SECRET))
  assert.equal(line.hub.state().requests.total, 0)
})

test('update: valid or not it ends with 2, since nothing is changed; the words say which', async t => {
  const line = await commandLine(t)
  const secret = secretFile(t)
  const url = ['--sso-url', 'https://idp.example/sso']
  for (const [parameters, words] of [
    [
      ['--provider', 'saml', '--enabled', 'true', ...url, '--certificate-file', fixture('idp.pem')],
      /is valid .*no endpoint .*nothing was changed.*Paste it into/,
    ],
    [
      ['--provider', 'saml', ...url, '--certificate-file', fixture('expired.pem')],
      /certificate expired on 2025-01-01/,
    ],
    [['--provider', 'saml', ...url], /--certificate-file is missing/],
    // Standard input is empty here.
    [['--provider', 'saml', ...url, '--certificate-file', '-'], /--certificate-file is empty/],
    [
      ['--provider', 'oidc', ...url, '--client-id', 'hub', '--client-secret-file', '-'],
      /--client-secret-file is empty: OIDC needs it/,
    ],
    [
      ['--provider', 'saml', '--sso-url', 'http://idp.example', '--certificate-file', secret],
      /https:\/\/; certificate is not one PEM block/,
    ],
    [['--provider', 'oidc', ...url], /--client-id is missing.*--client-secret-file is missing/],
    [
      ['--provider', 'oidc', ...url, '--client-id', 'hub', '--client-secret-file', '/none'],
      // Without its name, which may be the secret itself.
      /The file that --client-secret-file names cannot be read \(ENOENT\)/,
    ],
    [['--provider', 'samll', ...url], /Allowed choices are saml, oidc; did you mean "saml"\?/],
    [
      ['--provider', 'oidc', ...url, '--client-secret', SECRET],
      /client secret is not taken from the command line/,
    ],
    [
      ['--provider', 'oidc', ...url, `--client-secret=${SECRET}`],
      /client secret is not taken from the command line/,
    ],
    [url, /required option '--provider/],
  ] as const) {
    const { code, stdout, stderr } = await line.run(['sso', 'update', ...parameters])
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, words)
    assert.ok(!stderr.includes(SECRET))
  }
  assert.equal(line.hub.state().requests.total, 0)
})
