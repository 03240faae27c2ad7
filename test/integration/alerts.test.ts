import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requireStack } from '../support/stack/requirements.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../docker/prometheus/', import.meta.url))

test('Prometheus takes the configuration and the rules, and each alert fires when it should and only then', async t => {
  if (!(await requireStack(t, 'promtool'))) return
  await run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: folder })
  const { stdout, stderr } = await run('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: folder })
  assert.match(stdout + stderr, /SUCCESS/)
})
