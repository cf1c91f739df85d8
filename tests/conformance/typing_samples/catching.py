"""Catch and raise the exceptions, in all the places where they are found."""

from __future__ import annotations

import imaplib
import time
from imaplib import IMAP4
from typing import NoReturn

LOST = (imaplib.IMAP4.abort, OSError, EOFError)
Failure = imaplib.IMAP4.error


class Refused(imaplib.IMAP4.error):
    """Our own kind."""

    def __init__(self, reason: bytes) -> None:
        super().__init__(reason.decode())
        self.reason = reason


def login(M: imaplib.IMAP4, password: str) -> str | None:
    try:
        M.login("ann", password)
    except imaplib.IMAP4.readonly:
        return "read-only"
    except imaplib.IMAP4.abort as problem:
        return describe(problem)
    except imaplib.IMAP4.error as problem:
        text: str = str(problem)
        return text.partition("]")[2] or describe(problem)
    except (Failure, ValueError) as problem:
        return repr(problem.args[0])
    return None


def describe(problem: imaplib.IMAP4.error) -> str:
    if isinstance(problem, (IMAP4.abort, IMAP4.readonly)):
        return "lost"
    return f"{type(problem).__name__}: {problem.args}"


def by_instance(M: imaplib.IMAP4) -> bool:
    try:
        M.noop()
    except M.readonly:
        return False
    except (M.abort, M.error):
        return False
    except LOST:
        return False
    return True


def by_subclass(M: imaplib.IMAP4_SSL) -> Exception | None:
    try:
        M.noop()
    except imaplib.IMAP4_SSL.abort as problem:
        return problem
    except M.error as problem:
        return problem
    return None


def refuse(M: imaplib.IMAP4, reason: bytes) -> NoReturn:
    if not reason:
        raise M.error("no reason")
    if len(reason) > 80:
        raise imaplib.IMAP4.abort(reason)
    raise Refused(reason) from imaplib.IMAP4.error()


def retried(problems: tuple[type[imaplib.IMAP4.error], ...] = (IMAP4.abort,)) -> imaplib.IMAP4:
    last: imaplib.IMAP4.error | None = None
    for seconds in (1, 2, 4):
        try:
            return imaplib.IMAP4("localhost")
        except problems as problem:
            last = problem
            time.sleep(seconds)
    assert last is not None
    raise last


kinds: dict[str, type[Exception]] = {"error": IMAP4.error, "abort": IMAP4.abort}
