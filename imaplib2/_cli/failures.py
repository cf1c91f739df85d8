"""What ends a command: `Failure`, and the exit statuses."""

from __future__ import annotations

from .._hints import Final

OK: Final = 0
#: Something is wrong with what was asked for, or with the server.
PROBLEM: Final = 1
#: The command line or the configuration can't be meant; argparse's own status.
USAGE: Final = 2
#: No connection, or none that could be trusted; or it was lost.
UNREACHABLE: Final = 3
#: The server refuses user, password or token.
REFUSED: Final = 4
#: By Ctrl-C.
INTERRUPTED: Final = 130
#: Nobody reads the output any more.
PIPE_CLOSED: Final = 141
#: By SIGTERM; as shells have it, 128 and the number of the signal.
TERMINATED: Final = 143

#: For help texts.
EXIT_STATUSES: Final = """\
exit status:
  0    all is well
  1    something is wrong: the text on standard error says what
  2    the command line or the configuration is wrong
  3    no connection, or no trust in it
  4    the server refuses the user, the password or the token
  130  ended by Ctrl-C
  141  nobody reads the output any more
  143  ended by SIGTERM"""


class Failure(Exception):
    """Ends a command with an exit *status*: *text* says what is wrong, *advice* what to do.

    Both are for people, in sentences; neither needs escaping.

    >>> raise Failure("There is no folder x.", "Name another one by --to.")
    Traceback (most recent call last):
        ...
    imaplib2._cli.failures.Failure: There is no folder x.
    """

    def __init__(self, text: str, advice: str = "", status: int = PROBLEM) -> None:
        super().__init__(text)
        self.text = text
        self.advice = advice
        self.status = status


class Ended(KeyboardInterrupt):
    """By the signal of this *number*, as by Ctrl-C but with another *status*."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


class OutputClosed(Exception):
    """Nobody reads standard output any more. `main` ends quietly; nobody else catches it."""
