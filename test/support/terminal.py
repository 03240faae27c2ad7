"""Runs a program on a terminal of its own: terminal.py '[["wait for", "then type"], ...]' command...

Writes what the terminal showed to stdout and ends with the program's exit code, or with 124 when a text did not come.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

DEADLINE_S = 120

steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])

shown = b""
seen = 0
end = time.monotonic() + DEADLINE_S


def read():
    """False when the program has closed its terminal."""
    global shown
    if not select.select([terminal], [], [], 0.2)[0]:
        return True
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    shown += data
    return data != b""


def finish(code):
    sys.stdout.buffer.write(shown)
    sys.exit(code)


for wanted, typed in steps:
    while shown.find(wanted.encode(), seen) < 0:
        if time.monotonic() > end or not read():
            finish(124)
    seen = shown.find(wanted.encode(), seen) + len(wanted.encode())
    os.write(terminal, typed.encode())
while read():
    if time.monotonic() > end:
        finish(124)
_, status = os.waitpid(pid, 0)
finish(os.waitstatus_to_exitcode(status))
