import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, exists } from './cache.ts'
import { runTool } from './run-tool.ts'

export const collectorVersion = '0.155.0'

const manifest = `dist:
  name: otel-collector
  output_path: ./source
  version: ${collectorVersion}
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v${collectorVersion}
exporters:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter v${collectorVersion}
# The collector does not start without a provider for its default scheme, env.
providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/envprovider v1.61.0
  - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider v1.61.0
`

/** Path of an OpenTelemetry Collector with an OTLP receiver and a file exporter, built by its own builder. */
export async function collectorBinary(): Promise<string> {
  const digest = createHash('sha256').update(manifest).digest('hex').slice(0, 8)
  const folder = await cached({
    name: `otel-collector-${collectorVersion}-${digest}-${process.platform}-${process.arch}`,
    lock: 'go',
    announce: `building the OpenTelemetry Collector ${collectorVersion} with Go, once: about 3 minutes`,
    make: build,
  })
  return join(folder, 'otel-collector')
}

async function build(directory: string): Promise<void> {
  const builder = `go.opentelemetry.io/collector/cmd/builder@v${collectorVersion}`
  await runTool('go', ['install', builder], { env: { GOBIN: join(directory, 'bin') } })
  await writeFile(join(directory, 'manifest.yaml'), manifest)
  const source = join(directory, 'source')
  const generate = ['--config', 'manifest.yaml', '--skip-compilation']
  // Its own `go mod tidy` fails where a module that only a dependency's tests need is not to be had: ours follows.
  await runTool(join(directory, 'bin/builder'), generate, { cwd: directory }).catch(async error => {
    if (!(await exists(join(source, 'go.mod')))) throw error
  })
  await runTool('go', ['mod', 'tidy', '-e'], { cwd: source })
  process.stderr.write('stack: compiling the OpenTelemetry Collector\n')
  const binary = join(directory, 'otel-collector')
  await runTool('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', binary, '.'], { cwd: source })
  await rm(source, { recursive: true })
  await rm(join(directory, 'bin'), { recursive: true })
}
