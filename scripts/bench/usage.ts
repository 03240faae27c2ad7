import { writeFileSync } from 'node:fs'

// Loaded before the program that is measured (`node --import`): leaves what the operating system counted for it.
const file = process.env.BENCH_USAGE_FILE
if (file !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    writeFileSync(
      file,
      JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakRssMiB: maxRSS / 1024 }),
    )
  })
}
