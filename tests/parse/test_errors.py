"""ParseError tells what could not be read, and by whom."""

from __future__ import annotations

import copy
import pickle

import pytest

import imaplib2
from imaplib2.parse import ParseError
from imaplib2.parse._errors import NoAnswer


def test_it_names_function_and_item_and_quotes_what_was_there() -> None:
    problem = ParseError("fetch", "ENVELOPE", b'("a\r')
    assert (problem.function, problem.item, problem.data) == ("fetch", "ENVELOPE", b'("a\r')
    assert str(problem) == "fetch: ENVELOPE can't be read: b'(\"a\\r'"


def test_catchers_of_errors_catch_it() -> None:
    assert issubclass(ParseError, ValueError)
    assert issubclass(ParseError, imaplib2.IMAP4.error)
    assert not issubclass(ParseError, imaplib2.IMAP4.abort)


def test_what_it_quotes_is_bounded() -> None:
    problem = ParseError("status", "STATUS", b"x" * 100_000)
    assert problem.data == b"x" * 200
    assert len(str(problem)) < 300


def test_the_outcome_of_a_command_that_failed() -> None:
    problem = NoAnswer("fetch", "NO", b"[UNAVAILABLE] later")
    assert str(problem) == "fetch: the command failed: NO b'[UNAVAILABLE] later'"
    assert isinstance(problem, ParseError)


@pytest.mark.parametrize("kind", [ParseError, NoAnswer])
def test_copies_are_the_same(kind: type[ParseError]) -> None:
    problem = kind("fetch", "UID", b"many")
    for same in (pickle.loads(pickle.dumps(problem)), copy.copy(problem)):
        assert type(same) is kind
        assert str(same) == str(problem)
        assert (same.function, same.item, same.data) == ("fetch", "UID", b"many")
