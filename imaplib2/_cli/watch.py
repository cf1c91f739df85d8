"""Tell what happens in mailboxes, as it happens, for ever: messages that
arrive, that are removed, whose flags are changed. Lost connections are
opened again, and what has happened meanwhile is told then. For each new
message, a program can be run: it has the message on its standard input,
and IMAPLIB2_UID, IMAPLIB2_MAILBOX and IMAPLIB2_UIDVALIDITY in its
environment."""

from __future__ import annotations

import argparse

from .._hints import TYPE_CHECKING

if TYPE_CHECKING:
    from .console import Console

#: Seconds that a program has.
_PATIENCE = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    from . import accounts, values

    accounts.add_arguments(parser)
    parser.add_argument("mailbox", metavar="MAILBOX", nargs="*", help="which; INBOX")
    parser.add_argument(
        "--exec", metavar="PROGRAM", dest="program",
        help="run this for each new message, one after the other, without a shell; arguments may"
        " follow the program's name",
    )  # fmt: skip
    parser.add_argument(
        "--exec-timeout", metavar="SECONDS", type=values.seconds, default=_PATIENCE,
        help=f"how long PROGRAM may take before it is ended ({_PATIENCE:g})",
    )  # fmt: skip
    parser.add_argument(
        "--state", metavar="FILE",
        help="remember there what was told, and tell what has happened since, the next time",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="write a line of JSON for each news")


def run(options: argparse.Namespace, console: Console) -> int:
    """Watch until somebody ends it."""
    from . import accounts
    from .watching import programs, watched

    account = accounts.account_of(options, console)
    program = None
    if options.program:
        program = programs.Program(options.program, options.exec_timeout, quiet=options.json)
    mailboxes = list(dict.fromkeys(options.mailbox)) or ["INBOX"]
    watched.Watched(account, mailboxes, console, program).follow(options.state, options.json)
