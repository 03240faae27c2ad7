import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretAmong } from '../../src/commands/secret-arguments.ts'

const TOKEN = 'hf_inventedTokenOfNobody0123456789'

for (const words of [
  ['tokens', 'revoke', TOKEN],
  ['tokens', 'revoke-leaked', TOKEN],
  ['tokens', 'create', '--name', TOKEN],
  ['org', 'members', `--search=${TOKEN}`],
  ['org', 'role', '--token', 'anything'],
  ['org', 'role', '--access-token=anything'],
  ['repo', 'visibility', 'acme/model', 'private', '--admin-token', 'anything'],
  ['sso', 'update', '--client-secret', 'not-for-others'],
  ['sso', 'update', '--client-secret=not-for-others'],
  ['sso', 'validate', '--clientSecret=not-for-others'],
  ['tokens', 'revoke', 'api_org_inventedTokenOfNobody'],
  ['events', '--user', TOKEN],
  ['events', `--text=${TOKEN}`],
  ['run', '--token', 'anything'],
  [TOKEN],
]) {
  test(`refused, without a word of it: hf-audit ${words.slice(0, 2).join(' ')} …`, () => {
    const reason = secretAmong(words)
    assert.ok(reason !== undefined)
    for (const secret of ['invented', 'not-for-others', 'anything']) assert.ok(!reason.includes(secret))
  })
}

for (const words of [
  [],
  ['tokens', 'revoke', 'deploy-key'],
  ['tokens', 'revoke', '66b0c1f2a9d3e4f5a6b7c8d9'],
  ['tokens', 'create', '--name', 'token'],
  ['sso', 'update', '--client-secret-file', 'secret.txt'],
  ['simulate', '--token', TOKEN],
  ['run', '--config', 'hf_x.yaml'],
  ['run', '--config', 'hf_audit_production.yaml'],
  ['check', '--config', 'hfauditproduction/hf_auditproductionacme.yaml'],
  ['init', '--token-file', '/run/secrets/hf_tokenOfTheAuditLog'],
  ['events', '--user', 'hf_alice'],
]) {
  test(`taken: hf-audit ${words.join(' ')}`, () => assert.equal(secretAmong(words), undefined))
}
