#!/usr/bin/env node
// Looks at the version before anything newer is loaded: an old Node would only say that it knows no node:sqlite.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `hf-audit needs Node.js 22.19 or newer; this is ${process.version} (${process.execPath}).\n` +
      'In a clone of the project, `npx hf-audit` and `npm run` use the Node.js that `npm ci` installed.',
  )
  process.exitCode = 2
} else {
  const { keepHeapSmall } = await import('./memory.ts')
  keepHeapSmall()
  const { main } = await import('./commands/program.ts')
  await main(process.argv)
}

export {}
