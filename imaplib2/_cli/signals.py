"""Signals that end the process, as Ctrl-C does: all is left as it has to be."""

from __future__ import annotations

import signal

from .._hints import NoReturn
from .failures import Ended

#: Of the system, and of a terminal that is closed; Windows hasn't got the latter.
_NAMES = ("SIGTERM", "SIGHUP")


def obey() -> None:
    """Have them raise `Ended` from now on, but for those that nohup and the like have ignored."""
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, frame: object) -> NoReturn:
    raise Ended(number)


def leave() -> None:
    """Have Ctrl-C and them end the process at once: there is nothing left to be done."""
    for name in ("SIGINT", *_NAMES):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
