"""Patterns that are compiled when they are used."""

from __future__ import annotations

import copy
import pickle
import re
import threading

import pytest

import imaplib2
from imaplib2._protocol import grammar
from imaplib2._protocol.patterns import compiled, pattern


def test_a_pattern_is_compiled_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    real = re.compile

    def record(*arguments: object) -> object:
        seen.append(arguments)
        return real(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(re, "compile", record)
    late = pattern(r"a+", re.IGNORECASE)
    assert not seen
    assert late.fullmatch("aA")
    assert late.fullmatch("b") is None
    assert late.sub("-", "xaAx") == "x-x"
    assert seen == [(r"a+", re.IGNORECASE)]


def test_a_method_is_kept() -> None:
    late = pattern(rb"a")
    assert late.match is late.match
    assert late.pattern == rb"a"
    assert compiled(late) is compiled(late)


def test_what_a_pattern_does_not_have_is_an_attribute_error() -> None:
    late = pattern("a")
    with pytest.raises(AttributeError):
        _ = late.no_such_method  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = late._private  # type: ignore[attr-defined]


def test_threads_may_be_the_first_ones_together() -> None:
    late = pattern("a+")
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(late.findall("aa b a"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["aa", "a"]] * 8


@pytest.mark.parametrize("name", sorted(grammar.PUBLIC))
def test_the_public_ones_are_real_patterns(name: str) -> None:
    public = getattr(imaplib2, name)
    assert isinstance(public, re.Pattern)
    assert public is getattr(imaplib2, name) is getattr(imaplib2.imaplib2, name)
    assert name in dir(imaplib2)
    assert pickle.loads(pickle.dumps(public)) == copy.copy(public) == public


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'NoSuchName'"):
        _ = imaplib2.NoSuchName  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        from imaplib2 import NoSuchName  # type: ignore[attr-defined] # noqa: F401


def test_a_program_may_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    own = re.compile(rb"own")
    monkeypatch.setattr(imaplib2, "Flags", own)
    assert imaplib2.Flags is own
    monkeypatch.undo()
    assert imaplib2.Flags is compiled(grammar.Flags)
