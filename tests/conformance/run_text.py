"""Run a text in Python, the first argument, for swapped.py."""

import sys

sys.argv[:] = sys.argv[1:]
exec(compile(sys.argv[0], "<text>", "exec"), {"__name__": "__main__"})
