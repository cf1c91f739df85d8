"""What works with a server, as far as that needs none."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.checking.trials import ABSENT, FAILS, WORKS, milliseconds, trials
from imaplib2._errors import ErrorText, abort, error


class Client:
    """One that offers all, and does little of it."""

    def __init__(self, *capabilities: str, **answers: Any) -> None:
        self.capabilities = capabilities
        self.answers = answers
        self.closed = self.utf8_enabled = False

    def _answer(self, name: str) -> Any:
        answer = self.answers.get(name, ("OK", [b""]))
        if isinstance(answer, abort):
            self.closed = True
        if isinstance(answer, Exception):
            raise answer
        return answer

    def noop(self, callback: Any = None) -> Any:
        if callback is None:
            return self._answer("noop")
        try:
            return callback((self._answer("pipelined"), None, None))
        except error as problem:
            return callback((None, None, (type(problem), ErrorText.of(problem))))

    def _call(self, name: str, *arguments: Any, last: Any) -> Any:
        return self._answer(name)

    def enable(self, capability: str) -> Any:
        self.utf8_enabled = self.answers.get("enabled", False)
        return self._answer("enable")

    def select(self, mailbox: str, readonly: bool) -> Any:
        assert readonly
        return self._answer("select")

    def idle(self, duration: None) -> Any:
        raise error("IDLE: NO")

    def enable_compression(self) -> Any:
        return self._answer("compress")

    def capability(self) -> Any:
        return self._answer("capability")


def outcomes(client: Client) -> dict[str, str]:
    return {trial.name: trial.outcome for trial in trials(client)}  # type: ignore[arg-type]


def test_what_is_not_offered_is_not_tried() -> None:
    assert outcomes(Client()) == {
        "round trip": WORKS, "pipelining": WORKS, "LITERAL+": ABSENT, "UTF8=ACCEPT": ABSENT,
        "IDLE": ABSENT, "COMPRESS": ABSENT,
    }  # fmt: skip


def test_what_is_offered_in_vain() -> None:
    client = Client(
        "LITERAL-", "UTF8=ACCEPT", "IDLE", "COMPRESS=DEFLATE",
        LIST=("BAD", [b"x"]), compress=("NO", [b"x"]), pipelined=error("no"),
    )  # fmt: skip
    assert set(outcomes(client).values()) == {WORKS, FAILS}
    assert [name for name, outcome in outcomes(client).items() if outcome == WORKS] == [
        "round trip"
    ]


def test_a_few_bytes_without_asking() -> None:
    found = [*trials(Client("LITERAL-", "UTF8=ACCEPT", enabled=True))]  # type: ignore[arg-type]
    assert (found[2].outcome, found[3].outcome) == (WORKS, WORKS)
    assert "4 kB" in found[2].text


def test_a_lost_connection_ends_it() -> None:
    assert outcomes(Client(noop=abort("lost"))) == {"round trip": FAILS}
    last = [*trials(Client("IDLE", select=abort("lost\x1b")))][-1]  # type: ignore[arg-type]
    assert (last.name, last.outcome) == ("IDLE", FAILS)
    assert last.text.startswith("the connection is lost: lost")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.000123, "0.12 ms"), (0.00123, "1.2 ms"), (0.0123, "12 ms"), (0.9, "900 ms"), (9, "9.0 s")],
)
def test_milliseconds(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text
