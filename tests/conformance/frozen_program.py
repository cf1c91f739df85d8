"""A program whose time stands still, as tests of programs have it: by freezegun.

Its arguments are a server's host and port, and a scenario, see `SCENARIOS`.
"""

import datetime
import re
import shlex
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from freezegun import freeze_time

SESSIONS = 60
BEGIN = "2026-01-01"
#: The scenario's name, and how time is frozen.
SCENARIOS: dict[str, dict[str, Any]] = {
    "imported-before": {},
    "imported-within": {},
    "ticking": {"tick": True},
    # Whoever asks for the time makes it an hour later.
    "leaping": {"auto_tick_seconds": 3600},
    # Only the library is to see the real time; or only the program.
    "ignored": {"ignore": ["imaplib2"]},
    "only-ignored": {"ignore": ["__main__"]},
}

RELAY = Path(__file__).with_name("relay.py")


class Time:
    """How long things take in reality: references of classes are not replaced."""

    now = staticmethod(time.monotonic)


def main() -> None:
    host, port, scenario = sys.argv[1:]
    if scenario != "imported-within":
        import imaplib2
    with freeze_time(BEGIN, **SCENARIOS[scenario]) as frozen:
        use(host, int(port), frozen)
        leave_a_child(host, port)
    # Time goes on: what was begun while it stood still ends as well.
    import imaplib2

    M = imaplib2.IMAP4(host, int(port))
    assert M.logout()[0] == "BYE"
    assert threading.enumerate() == [threading.current_thread()]
    print("done")


def use(host: str, port: int, frozen: Any) -> None:
    import imaplib2

    for _ in range(SESSIONS):
        M = imaplib2.IMAP4(host, port)
        assert M.login("user", "secret")[0] == "OK"
        assert M.select()[0] == "OK"
        assert M.search(None, "ALL") == ("OK", [b"1"])
        assert M.logout()[0] == "BYE"

    with imaplib2.IMAP4(host, port) as M:
        M.login("user", "secret")
        M.select()
        date = datetime.datetime.now(datetime.timezone.utc)  # of freezegun's class
        assert M.append("INBOX", None, date, b"Subject: x\r\n\r\n")[0] == "OK"
        assert 1 <= seconds(lambda: M.idle(1)) < 10
        with M.idle(duration=0.5) as idler:
            assert 0.5 <= seconds(lambda: list(idler)) < 10
        frozen.move_to("2036-01-01")  # nothing takes that for a silence of ten years
        assert M.noop()[0] == "OK"
        called = threading.Event()
        M.noop(callback=lambda outcome: called.set())
        assert called.wait(10)
        M.idle(60, callback=lambda outcome: called.set())
        assert M.noop()[0] == "OK"

    M = imaplib2.IMAP4(host, port, timeout=1)
    M.login("user", "secret")
    assert 1 <= seconds(lambda: time_out(M)) < 10
    assert seconds(M.logout) < 10


def time_out(M: Any) -> None:
    """A command that is not answered."""
    problem: Exception | None = None
    try:
        M.xatom("SILENCE")
    except M.abort as abort:
        problem = abort
    assert isinstance(problem, TimeoutError), repr(problem)
    told = re.search(r" for ([0-9.]+) s", str(problem))
    # Neither none, which a time that stands still would give, nor years.
    assert told is not None, str(problem)
    assert 1 <= float(told[1]) < 10, str(problem)


def leave_a_child(host: str, port: str) -> None:
    """A child process that doesn't end when its input does is waited for, but not for ever."""
    import imaplib2

    M = imaplib2.IMAP4_stream(shlex.join([sys.executable, str(RELAY), host, port]) + "; sleep 60")
    assert seconds(M.logout) < 20
    assert M.process.returncode is not None


def seconds(function: Callable[[], object]) -> float:
    begin = Time.now()
    try:
        function()
    finally:
        took = Time.now() - begin
    return took


if __name__ == "__main__":
    main()
