/**
 * Ends the process with this code, for certain. `process.exit` waits for the threads in which files are read, and one
 * that waits for a pipe or a file server which does not answer never ends. So the exit listeners run as ever, and then the
 * process becomes another one that only ends: that needs no thread, and works in a container too, where the first process
 * cannot kill itself.
 */
export function endProcess(code: number): never {
  process.once('exit', () => {
    try {
      process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {})
    } catch {
      // Not on this system: it ends as others do.
    }
  })
  process.exit(code)
}
