"""Programs made of named steps that print what each step gave, to be compared between libraries.

Such a program knows nothing of imaplib2. It is run by swapped.py, with a server's address and an
account's name in the environment, and prints a line of JSON for each step: its name, and either
its outcome as text or the traceback of the problem that it ended with. What differs between two
runs in any case (tags, validities, the account's name) is made equal.
"""

from __future__ import annotations

import faulthandler
import functools
import json
import os
import pprint
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

SECONDS = 15.0
"""How long anything may take that should happen at once."""

RUN_SECONDS = 40.0
"""How long a whole program may take; then it ends, with the tracebacks of all threads."""

Step = Callable[[Any], Any]


class Account(NamedTuple):
    """A user with empty mailboxes, and the server."""

    host: str
    port: int
    tls_port: int
    ca_file: str
    user: str
    password: str
    preauth: str
    """A command that is an authenticated session of the user on stdin and stdout."""


Opener = Callable[[Account], AbstractContextManager[Any]]
"""Gives what the steps of a session get as their argument."""


class Session:
    """Steps that follow one another, and have an account of their own."""

    def __init__(self, name: str, opener: Opener, waits: bool) -> None:
        self.name = name
        self.opener = opener
        self.waits = waits
        self.steps: dict[str, Step] = {}

    def step(self, function: Step) -> Step:
        """Add a step that is called like the function."""
        self.add({function.__name__.replace("_", " "): function})
        return function

    def add(self, steps: Mapping[str, Step]) -> None:
        """Add steps."""
        assert not steps.keys() & self.steps.keys()
        self.steps.update(steps)


class Program:
    """Sessions, and the classes whose public methods must all be called by their steps."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self._unused: set[str] = set()
        self._printing = threading.Lock()

    def session(self, name: str, opener: Opener, *, waits: bool = False) -> Session:
        """A new session; one that mostly waits runs beside those behind it."""
        session = Session(name, opener, waits)
        self.sessions.append(session)
        return session

    def names(self) -> list[str]:
        """What is printed, in the order of definition."""
        steps = [_label(session, step) for session in self.sessions for step in session.steps]
        return [*steps, "never used"]

    def observe(self, *classes: type[Any]) -> None:
        """Note the public methods of *classes* that are not called; the step "never used"."""
        for cls in classes:
            for name, function in list(vars(cls).items()):
                if name.startswith("_") or not callable(function) or isinstance(function, type):
                    continue
                label = f"{cls.__name__}.{name}"
                self._unused.add(label)
                setattr(cls, name, self._observed(function, label))

    def _observed(self, function: Any, label: str) -> Any:
        @functools.wraps(function)
        def observed(*arguments: Any, **options: Any) -> Any:
            self._unused.discard(label)
            return function(*arguments, **options)

        return observed

    def run(self) -> None:
        """Run all sessions."""
        faulthandler.dump_traceback_later(RUN_SECONDS, exit=True)
        with ThreadPoolExecutor(len(self.sessions)) as pool:
            for session in self.sessions:
                if session.waits:
                    pool.submit(self._run_session, session)
                else:
                    self._run_session(session)
        self._print("never used", outcome=repr(sorted(self._unused)))
        faulthandler.cancel_dump_traceback_later()

    def _run_session(self, session: Session) -> None:
        account = the_account(session.name)
        try:
            with session.opener(account) as given:
                for name, step in session.steps.items():
                    self._run_step(_label(session, name), step, given, account)
        except Exception:
            self._print(session.name, problem=traceback.format_exc())

    def _run_step(self, label: str, step: Step, given: Any, account: Account) -> None:
        try:
            outcome = _equalised(described(step(given)), account)
        except Exception:
            self._print(label, problem=traceback.format_exc())
        else:
            self._print(label, outcome=outcome)

    def _print(self, label: str, **content: str) -> None:
        with self._printing:
            print(json.dumps({"step": label, **content}), flush=True)


def _label(session: Session, step: str) -> str:
    return f"{session.name}: {step}"


def the_account(session: str) -> Account:
    """The account that only the session of this name uses."""
    environment = os.environ
    user = f"{environment['IMAP_USER']}-{session.replace(' ', '-')}"
    return Account(
        host=environment["IMAP_HOST"],
        port=int(environment["IMAP_PORT"]),
        tls_port=int(environment["IMAP_TLS_PORT"]),
        ca_file=environment["IMAP_CA_FILE"],
        user=user,
        password=environment["IMAP_PASSWORD"],
        preauth=environment["IMAP_PREAUTH"].replace("USER", user),
    )


# Outcomes


def described(value: Any) -> str:
    """*value* on one line, dictionaries sorted."""
    return value if isinstance(value, str) else pprint.pformat(value, width=10**9)


def _equalised(text: str, account: Account) -> str:
    """*text* without what differs between any two runs."""
    text = text.replace(account.user, "USER")
    text = re.sub(r" \(\d+\.\d+ \+ [^)]* secs\)", "", text)
    text = re.sub(r"\(_ssl\.c:\d+\)", "(_ssl.c)", text)
    text = re.sub(r"\b(localhost|127\.0\.0\.1):\d+", r"\1:PORT", text)
    # A busy machine finds out a little later.
    text = re.sub(r"\bfor 0\.[2-9] s\b", "for 0.2 s", text)
    # Dovecot says it so to those who haven't asked for the capabilities before they log in.
    text = re.sub(r"\[CAPABILITY [^]]*\] Logged in", "Logged in", text)
    text = re.sub(r"\b1[6-9]\d{8}\b", "VALIDITY", text)
    return re.sub(r"\b(?!IMAP4\b)[A-P]{4}\d+\b", "TAG", text)


MISTAKES = (AssertionError, NameError)
"""What is never the outcome of a step, but a mistake in it."""


def failure(call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """What a call raises, which it must: class, and classes by which it can be caught; text."""
    try:
        value = call(*arguments, **options)
    except MISTAKES:
        raise
    except Exception as problem:
        return _exception(problem)
    raise AssertionError(f"nothing was raised, but {value!r} returned")


def attempt(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What a call gives or raises."""
    try:
        return call(*arguments, **options)
    except MISTAKES:
        raise
    except Exception as problem:
        return _exception(problem)


def _exception(problem: Exception) -> str:
    classes = [cls.__name__ for cls in type(problem).__mro__]
    return f"{' < '.join(classes[: classes.index('Exception')])}: {problem}"
