"""Signals that end the process."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from imaplib2._cli import signals
from imaplib2._cli.failures import Ended

NUMBERS = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *NUMBERS)}
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL)
    # In the background of a shell, it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_they_are_exceptions_as_ctrl_c_is(number: int) -> None:
    signals.obey()
    with pytest.raises(KeyboardInterrupt) as caught:
        signal.raise_signal(number)
    assert isinstance(caught.value, Ended)
    assert caught.value.status == 128 + number


def test_what_is_ignored_stays_so() -> None:
    signal.signal(NUMBERS[-1], signal.SIG_IGN)
    for act in (signals.obey, signals.leave):
        act()
        assert signal.getsignal(NUMBERS[-1]) is signal.SIG_IGN


def test_at_the_end_they_end_the_process_at_once() -> None:
    signals.obey()
    signals.leave()
    for number in (signal.SIGINT, *NUMBERS):
        assert signal.getsignal(number) is signal.SIG_DFL
