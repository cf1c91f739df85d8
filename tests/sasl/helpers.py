"""A client without a connection, whose commands are answered from a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from imaplib2._errors import error
from imaplib2._protocol.arguments import Secret

Answer = tuple[str, bytes] | Exception


class FakeClient:
    """What the mechanisms use of an IMAP4."""

    host, port = "imap.example.org", 143
    _engine: Any = None
    future: Any = None
    _tls_established = False

    def __init__(self, capabilities: Iterable[str] = (), answers: Iterable[Answer] = ()) -> None:
        self.capabilities = tuple(capabilities)
        self._answers = [*answers]
        self.sent: list[tuple[Any, ...]] = []
        self.has_child = False
        self.has_double = False
        self.sock: Any = None
        self.literal: bytes | None = None
        self.checked: list[str] = []
        self.issued_for: list[Any] = []

    def _call(
        self,
        *words: Any,
        finish: Any,
        callback: Any = None,
        cb_arg: Any = None,
        authenticator: Any = None,
    ) -> Any:
        self.sent.append(tuple(w.part if isinstance(w, Secret) else w for w in words))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception) and callback is None:
            raise answer
        if callback is None:
            return finish(answer[0], [answer[1]])  # type: ignore[index]
        if isinstance(answer, KeyError):  # told at once
            raise error("illegal")
        try:
            if isinstance(answer, Exception):
                raise answer
            outcome: Any = finish(answer[0], [answer[1]]), cb_arg, None
        except Exception as problem:
            outcome = None, cb_arg, (type(problem), str(problem))
        callback(outcome)
        return None, None

    def _future_of_call(self) -> Any:
        return self.future

    def _issue_for(self, future: Any, call: Any) -> Any:
        self.issued_for.append(future)
        return call()

    def _sends_elsewhere(self) -> bool:
        return self.has_double

    def _check_usable(self, name: str) -> None:
        self.checked.append(name)

    def _refused(self, problem: error, name: str) -> error:
        self.literal = None
        return problem

    def _own_sock(self) -> Any:
        return self.sock

    def _has_process(self) -> bool:
        return self.has_child
