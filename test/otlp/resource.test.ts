import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { otlpResource } from '../../src/otlp/resource.ts'

function withEnvironment(t: TestContext, variables: Record<string, string>): void {
  const before = { ...process.env }
  Object.assign(process.env, variables)
  t.after(() => {
    process.env = before
  })
}

test('the program is the service unless the environment names another', t => {
  const own = otlpResource('1.2.3').attributes
  assert.equal(own['service.name'], 'hf-audit-connector')
  assert.equal(own['service.version'], '1.2.3')
  assert.equal(own['telemetry.sdk.name'], 'opentelemetry')
  withEnvironment(t, {
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,deployment.environment.name=pr%2Cod',
    OTEL_SERVICE_NAME: 'b',
  })
  const configured = otlpResource('1.2.3').attributes
  assert.equal(configured['service.name'], 'b')
  assert.equal(configured['deployment.environment.name'], 'pr,od')
})

test('attributes that cannot be read are an error, not nothing', t => {
  withEnvironment(t, { OTEL_RESOURCE_ATTRIBUTES: 'a=b=c' })
  assert.throws(() => otlpResource('1'), {
    code: 'CONFIG_INVALID',
    message: /^OTEL_RESOURCE_ATTRIBUTES cannot be read/,
  })
})
