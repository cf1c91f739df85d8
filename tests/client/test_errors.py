"""Exceptions are what their catchers expect, and so are their copies."""

from __future__ import annotations

import copy
import errno
import multiprocessing
import pickle
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2._errors import (
    ABOUT,
    ErrorText,
    InvalidArgument,
    TimeoutAbort,
    UnusableArgument,
    about,
    error,
    escaped,
    failed_greeting,
    lost,
    os_error,
    printable,
    raised,
    repeated,
    told,
    was_cancelled,
)
from imaplib2._protocol.limits import ProtocolViolation

RESET = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

ERRORS = [
    (IMAP4.error("refused"), (IMAP4.error,)),
    (IMAP4.error("two", "arguments"), (IMAP4.error,)),
    (IMAP4.error(), (IMAP4.error,)),
    (IMAP4.abort("socket error: EOF"), (IMAP4.abort, IMAP4.error)),
    (IMAP4.abort("two", 2), (IMAP4.abort,)),
    (IMAP4.readonly("mailbox is read-only"), (IMAP4.readonly, IMAP4.abort)),
    (InvalidArgument("NUL"), (IMAP4.error, ValueError)),
    (UnusableArgument("None"), (IMAP4.error, ValueError, TypeError)),
    (ProtocolViolation("unexpected"), (IMAP4.error,)),
    (TimeoutAbort("silence"), (IMAP4.abort, TimeoutError)),
    (failed_greeting(TimeoutAbort("silence"), " (x:143)"), (IMAP4.abort, TimeoutError)),
    (failed_greeting(IMAP4.abort("EOF"), " (x:143)"), (IMAP4.abort,)),
    (os_error(OSError(errno.EBADF, "Bad file descriptor")), (IMAP4.abort, OSError)),
    (os_error(RESET), (IMAP4.abort, ConnectionResetError, ConnectionError)),
    (os_error(BrokenPipeError(errno.EPIPE, "Broken pipe")), (IMAP4.abort, BrokenPipeError)),
    (os_error(TimeoutError(errno.ETIMEDOUT, "timed out")), (IMAP4.abort, TimeoutError)),
    (os_error(TimeoutError("timed out")), (IMAP4.abort, TimeoutError)),
    (os_error(BlockingIOError(errno.EAGAIN, "again")), (IMAP4.abort, BlockingIOError)),
    (os_error(socket.gaierror(socket.EAI_NONAME, "unknown")), (IMAP4.abort, socket.gaierror)),
    (os_error(ssl.SSLError(1, "bad record")), (IMAP4.abort, ssl.SSLError)),
    (os_error(ssl.SSLEOFError(8, "EOF")), (IMAP4.abort, ssl.SSLEOFError)),
    (lost(os_error(RESET), " (x:143)"), (IMAP4.abort, ConnectionResetError)),
    (failed_greeting(os_error(RESET), " (x:143)"), (IMAP4.abort, ConnectionResetError)),
]  # fmt: skip


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda problem: pickle.loads(pickle.dumps(problem, protocol))


# The older protocols know no ConnectionResetError: of Python's own, too, they make an OSError.
COPIES = [copy.copy, copy.deepcopy, *map(pickled, range(3, pickle.HIGHEST_PROTOCOL + 1))]


@pytest.mark.parametrize(("problem", "kinds"), ERRORS, ids=[repr(problem) for problem, _ in ERRORS])
@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_an_error_is_the_same(
    problem: Any, kinds: tuple[type[Exception], ...], copied: Callable[[Any], Any]
) -> None:
    other = copied(problem)
    assert all(isinstance(other, kind) for kind in kinds)
    assert type(other) is type(problem)
    assert (str(other), other.args) == (str(problem), problem.args)
    assert getattr(other, "errno", None) == getattr(problem, "errno", None)
    assert vars(other) == vars(problem)


def test_a_copy_of_a_copy_keeps_what_was_added() -> None:
    problem = os_error(RESET)
    problem.account = "a"  # type: ignore[attr-defined]
    other = copy.copy(copy.copy(problem))
    assert vars(other) == {"account": "a"}
    assert str(lost(other, "!")) == f"{problem}!"


def test_another_process_can_have_an_error() -> None:
    data = pickle.dumps([os_error(RESET), InvalidArgument("NUL")])
    program = (
        f"import errno, pickle; reset, invalid = pickle.loads({data!r})\n"
        "from imaplib2 import IMAP4\n"
        "assert isinstance(reset, IMAP4.abort) and isinstance(reset, ConnectionResetError)\n"
        "assert reset.errno == errno.ECONNRESET and 'reset by peer' in str(reset)\n"
        "assert isinstance(invalid, IMAP4.error) and isinstance(invalid, ValueError)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_all_errors_of_a_kind_are_of_one_class() -> None:
    assert type(os_error(RESET)) is type(os_error(ConnectionResetError("again")))


# -- What they know --------------------------------------------------------------------------------

KNOWN = {
    "command": "UID COPY",
    "tag": b"ABCD1",
    "type": "NO",
    "code": "OVERQUOTA",
    "code_data": b"",
    "text": "the disk is full",
    "where": "imap.example.org:993",
    "challenge": {"status": "401"},
}


@pytest.mark.parametrize("problem", [problem for problem, _ in ERRORS], ids=repr)
def test_an_error_knows_nothing_unless_it_is_told(problem: Any) -> None:
    assert about(problem) == dict.fromkeys(ABOUT)
    assert (*KNOWN,) == ABOUT


@pytest.mark.parametrize(("problem", "kinds"), ERRORS, ids=[repr(problem) for problem, _ in ERRORS])
@pytest.mark.parametrize("copied", [*COPIES, *map(pickled, range(3))])
def test_a_copy_knows_as_much(
    problem: Any, kinds: tuple[type[Exception], ...], copied: Callable[[Any], Any]
) -> None:
    knowing = told(copy.copy(problem), KNOWN)
    other = copied(knowing)
    assert about(other) == about(knowing) == KNOWN
    assert isinstance(other, IMAP4.error)
    assert (str(other), other.args) == (str(knowing), knowing.args) == (str(problem), problem.args)
    assert about(copied(other)) == KNOWN


@pytest.mark.parametrize("problem", [problem for problem, _ in ERRORS], ids=repr)
def test_what_is_made_of_an_error_knows_as_much(problem: Any) -> None:
    knowing = told(copy.copy(problem), KNOWN)
    for fresh in (lost(knowing, "!"), repeated(knowing), failed_greeting(knowing, "!")):
        assert fresh is not knowing
        assert about(fresh) == KNOWN


def test_another_process_knows_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where it finds this module.
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parents[2])])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (other,) = pool.map(_sent_back, [told(os_error(RESET), KNOWN)])
        with pytest.raises(IMAP4.readonly) as raised:
            pool.apply(_fail)
        pool.close()
        pool.join()
    assert isinstance(other, ConnectionResetError)
    assert about(other) == about(raised.value) == KNOWN


def _sent_back(problem: error) -> error:
    assert about(problem) == KNOWN
    return problem


def _fail() -> None:
    raise told(IMAP4.readonly("mailbox is read-only"), KNOWN)


@given(st.lists(st.dictionaries(st.sampled_from(ABOUT), st.none() | st.text(max_size=3))))
def test_what_is_known_first_counts(tellings: list[dict[str, Any]]) -> None:
    problem, expected = error("x"), dict.fromkeys(ABOUT)
    for known in tellings:
        assert told(problem, known) is problem
        for name, value in known.items():
            if expected[name] is None:
                expected[name] = value
    assert about(problem) == expected


def test_an_error_of_a_subclass_of_the_users() -> None:
    class Own(IMAP4.error):
        @property
        def code(self) -> int:  # type: ignore[override]
            return 5

    assert about(told(Own("x"), KNOWN)) == KNOWN | {"code": 5}


def test_others_exceptions_are_left_alone() -> None:
    problem = told(ValueError("x"), KNOWN)
    assert vars(problem) == {}
    assert about(problem) == {}


@pytest.mark.parametrize("copied", [*COPIES, *map(pickled, range(3))])
def test_the_text_for_a_callback_has_its_exception(copied: Callable[[Any], Any]) -> None:
    with pytest.raises(IMAP4.error) as raised:
        raise told(IMAP4.error("refused"), KNOWN)
    text = ErrorText.of(raised.value)
    assert text.error is raised.value
    for each in (text, copied(text)):
        assert (each, hash(each), repr(each)) == ("refused", hash("refused"), "'refused'")
        assert about(each.error) == KNOWN
        assert each.error.__traceback__ is None


# -- Texts ---------------------------------------------------------------------------------------

SPECIAL = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\\\\\\xu0123456789abcdef\x1b\r\n\x85\u2028\udc80\ud800 \xe9\u65e5"),
        st.characters(categories=["Cc", "Cs", "Zl", "Zp", "Cf"]),
    )
)


def test_a_failure_is_the_exception_itself() -> None:
    problem = TimeoutAbort("silence")
    assert raised((IMAP4.abort, ErrorText.of(problem))) is problem
    made = raised((IMAP4.abort, "silence"))  # a program may make one, too
    assert (type(made), str(made)) == (IMAP4.abort, "silence")


def test_what_was_cancelled() -> None:
    problem = error("NOOP was cancelled")
    assert not was_cancelled((error, ErrorText.of(problem)))
    problem.is_refusal = True
    assert was_cancelled((error, ErrorText.of(problem)))
    assert not was_cancelled((ValueError, "x"))


def unescaped(text: str) -> str:
    """What `printable` was made of."""

    def original(found: re.Match[str]) -> str:
        backslashes, digits = found[1], found[2]
        half = backslashes[: len(backslashes) // 2]
        if len(backslashes) % 2 == 0:
            return half + digits
        number = int(digits[1:], 16)
        return half + chr(number + 0xDC00 if digits[0] == "x" and number >= 0x80 else number)

    return re.sub(r"(\\+)(x[0-9a-f]{2}|u[0-9a-f]{4})", original, text)


@given(text=TEXTS)
def test_what_is_printable_does_nothing_and_tells_all(text: str) -> None:
    shown = printable(text)
    assert SPECIAL.search(shown) is None
    assert unescaped(shown) == text
    assert escaped(shown) == shown  # as a part of another text, it isn't escaped again
    assert shown.isprintable() or not text.isprintable()


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"])))
def test_usual_texts_stay_as_they_are(text: str) -> None:
    assert printable(text.replace("\\", "/")) == text.replace("\\", "/")


@pytest.mark.parametrize(
    "text",
    [
        "\\Seen \\Deleted \\* \\Unmarked \\xList \\HasNoChildren",
        "C:\\new\\table",
        "a\\\\b",
        "\xa0\u200d",
    ],
)
def test_backslashes_stay_single(text: str) -> None:
    assert printable(text) == escaped(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc\0", r"a\x0d\x0ab\x09c\x00"),
        ("\x1b[2J\x7f\x85\x9b", r"\x1b[2J\x7f\u0085\u009b"),
        ("\u2028\u2029\u202e\u2066", r"\u2028\u2029\u202e\u2066"),
        ("INBOX\u200b\u200f\u2060\ufeff\u061c", r"INBOX\u200b\u200f\u2060\ufeff\u061c"),
        (b"\xff\xe9".decode("utf-8", "surrogateescape"), r"\xff\xe9"),
        (r"\x1b", r"\\x1b"),
        ("\\\x1b", r"\\\x1b"),
        (b"caf\xc3\xa9 \xff", "caf\xe9 \ufffd"),
    ],
)
def test_escapes(text: str | bytes, shown: str) -> None:
    assert printable(text) == shown
