"""Show the library at work, on a server of its own, which it starts for
the purpose: a program written for imaplib that runs unchanged, many
commands at once on a slow link, and an idle loop. It takes a quarter of
a minute, needs no account, and leaves nothing behind."""

from __future__ import annotations

import argparse
import contextlib

from .._hints import TYPE_CHECKING, Any
from . import values
from .failures import OK, Failure

if TYPE_CHECKING:
    from .console import Console
    from .demonstration.servers import Running

#: Messages in INBOX, and seconds of a round trip on the slow link.
_MESSAGES, _ROUND_TRIP = 300, 0.025
#: Seconds that the server may be silent for.
_SILENCE = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--keep", action="store_true",
        help="keep the server running until Ctrl-C, with mail that arrives, to try commands on",
    )  # fmt: skip
    parser.add_argument("--port", metavar="PORT", type=values.port, help="of the server; any")
    parser.add_argument(
        "--server", choices=("pymap", "dovecot"), help="which to start; the first one there is"
    )
    parser.add_argument(
        "--messages", metavar="COUNT", type=values.count, default=_MESSAGES,
        help=f"how many there are ({_MESSAGES})",
    )  # fmt: skip
    parser.add_argument(
        "--round-trip", metavar="SECONDS", type=values.seconds, default=_ROUND_TRIP,
        help=f"that of the slow link ({_ROUND_TRIP:g})",
    )  # fmt: skip


def run(options: argparse.Namespace, console: Console) -> int:
    """Show it, or keep the server."""
    import socket

    from .demonstration import keeping, servers, showing

    with contextlib.ExitStack() as stack:
        # Of all connections to it: nobody waits for ever.
        stack.callback(socket.setdefaulttimeout, socket.getdefaulttimeout())
        socket.setdefaulttimeout(_SILENCE + 10 * options.round_trip)
        with console.progress("starting a server"):
            server = stack.enter_context(servers.serving(options.server, options.port))
        _fill(server, options.messages, console)
        if options.keep:
            keeping.keep(server, options.messages, console)
        else:
            showing.show(server, options.round_trip, console)
    return OK


def _fill(server: Running, count: int, console: Console) -> None:
    """Put *count* messages into INBOX, and a few elsewhere."""
    import imaplib2

    from .demonstration.samples import sample

    with (
        console.progress("writing messages", count, unit="messages") as progress,
        imaplib2.IMAP4("127.0.0.1", server.port) as M,
    ):
        M.login(server.user, server.password)
        for name in ("Archive", "Entwürfe"):
            M.create(name)
        problems: list[str] = []

        def done(outcome: tuple[Any, Any, Any]) -> None:
            progress.advance()
            answer, _, problem = outcome
            if problem is not None or answer[0] != "OK":
                problems.append(str(problem or answer))

        for number in range(1, count + 1):
            content, flags, date = sample(number)
            M.append("INBOX", flags, date, content, callback=done)
        for number in range(20):
            content, flags, date = sample(-number)
            M.append(("Archive", "Entwürfe")[number % 2], flags, date, content)
    if problems:
        raise Failure(f"The server takes no messages: {problems[0]}.")
