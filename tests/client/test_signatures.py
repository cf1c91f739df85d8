"""An ``open`` or a ``_mesg`` of any time is called with what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._signatures import call_mesg, call_open

Seen = list[tuple[Any, ...]]


class Opening:
    """Has an ``open`` for each time."""

    def __init__(self) -> None:
        self.seen: Seen = []

    def without_timeout(self, host: str = "", port: int = 143) -> None:
        self.seen.append((host, port))

    def with_timeout(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.seen.append((host, port, timeout))

    def with_anything(self, *args: Any) -> None:
        self.seen.append(args)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("without_timeout", ("h", 1)),
        ("with_timeout", ("h", 1, 5.0)),
        ("with_anything", ("h", 1, 5.0)),
    ],
)
def test_open_gets_a_timeout_if_it_takes_one(name: str, expected: tuple[Any, ...]) -> None:
    opening = Opening()
    call_open(getattr(opening, name), (), "h", 1, 5.0)
    assert opening.seen == [expected]


def test_an_open_of_ours_is_not_inspected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspect.signature", lambda function: pytest.fail("inspected"))
    opening = Opening()
    call_open(opening.with_timeout, (Opening.with_timeout,), "h", 1, None)
    assert opening.seen == [("h", 1, None)]


def test_a_type_error_of_open_itself_comes_through() -> None:
    def broken(host: str, port: int, timeout: float | None) -> None:
        calls.append(host)
        raise TypeError("of its own")

    calls: list[str] = []
    with pytest.raises(TypeError, match="of its own"):
        call_open(broken, (), "h", 1, None)
    assert calls == ["h"]


class Telling:
    """Has a ``_mesg`` for each time."""

    def __init__(self) -> None:
        self.seen: Seen = []

    def historical(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        self.seen.append((s, tn, secs))

    def of_imaplib(self, s: str, secs: float | None = None) -> None:
        self.seen.append((s, secs))

    def plain(self, s: str) -> None:
        self.seen.append((s,))

    def of_a_logger(self, msg: str, *args: Any, **options: Any) -> None:
        self.seen.append((msg, *args))


@pytest.mark.parametrize("is_bound", [True, False])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("historical", ("text", "thread", 1.0)),
        ("of_imaplib", ("text", 1.0)),
        ("plain", ("text",)),
        ("of_a_logger", ("text",)),
    ],
)
def test_mesg_gets_what_it_takes(name: str, expected: tuple[Any, ...], is_bound: bool) -> None:
    telling = Telling()
    method = getattr(telling, name)
    functions: dict[str, Any] = {
        "historical": lambda s, tn=None, secs=None: method(s, tn, secs),
        "of_imaplib": lambda s, secs=None: method(s, secs),
        "plain": lambda s: method(s),
        "of_a_logger": lambda msg, *args: method(msg, *args),
    }
    call_mesg(method if is_bound else functions[name], "text", "thread", 1.0)
    assert telling.seen == [expected]
