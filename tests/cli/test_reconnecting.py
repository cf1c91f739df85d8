"""Jobs that go on by another connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2._cli.backup import reconnecting
from imaplib2._cli.backup.reconnecting import run_by_connections
from imaplib2._cli.console import Console
from imaplib2._cli.failures import Failure
from imaplib2._errors import abort, error

from .helpers import account

LOST = abort("socket error: EOF")


class Job:
    """Does one step by each connection: an exception, or a number of octets and then a loss."""

    def __init__(self, *steps: int | BaseException) -> None:
        self.size = 0
        self.steps = [*steps]

    def run(self, client: Any) -> int:
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        self.size += step
        if self.steps:
            raise LOST
        return 7


@pytest.fixture(autouse=True)
def _without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def closing(client: Any) -> Iterator[Any]:
        yield client

    monkeypatch.setattr(reconnecting.accounts, "Opener", lambda account, console: object)
    monkeypatch.setattr(reconnecting.accounts, "closing", closing)


def done(job: Job) -> int:
    return run_by_connections(job, account(), Console(), "It can't be written")


@pytest.mark.parametrize("steps", [[5], [0, 5], [LOST, LOST, 5], [5] * 20, [LOST, 5, LOST, 5]])
def test_as_long_as_something_comes_by_each(
    steps: list[int | BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    assert done(Job(*steps)) == 7
    told = capsys.readouterr().err
    assert told.count("The connection was lost") == len(steps) - 1


@pytest.mark.parametrize("steps", [[LOST] * 3, [0, 0, 0, 5], [5, LOST, LOST, 5]])
def test_not_for_ever(steps: list[int | BaseException]) -> None:
    job = Job(*steps)
    with pytest.raises(Failure) as caught:
        done(job)
    assert isinstance(caught.value.__cause__, abort)


def test_what_the_server_refuses_is_told() -> None:
    with pytest.raises(Failure, match="no room") as caught:
        done(Job(error("no room")))
    assert type(caught.value.__cause__) is error


def test_files_that_can_not_be_used_are_told() -> None:
    with pytest.raises(Failure, match=r"^It can't be written: .*disk full\.$"):
        done(Job(OSError("disk full")))
