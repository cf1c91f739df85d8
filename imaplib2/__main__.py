"""``python -m imaplib2``: the command line."""

from __future__ import annotations

import sys


def run() -> int:
    """Do what the command line says, and return the exit status: see ``imaplib2 --help``."""
    try:
        from ._cli import main, passwords, signals

        signals.obey()
        passwords.conceal()
        status = main.main()
        signals.leave()
        return status
    # While modules are being loaded.
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
