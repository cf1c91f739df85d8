"""A mailbox that is open on a connection, and its account: the one is asked, the other told."""

from __future__ import annotations

from collections.abc import Callable

from .._errors import abort, error
from .._hints import Any
from .account import Account
from .asking import Asking
from .outbox import Outbox
from .sync import Sync

#: How often in a row the same is asked: messages may be removed each time, but not for ever.
_MOST = 100


class Syncing:
    """Opens a mailbox, and asks until all is known. For one thread."""

    def __init__(
        self, asking: Asking, account: Account, outbox: Outbox, check: Callable[[], None]
    ) -> None:
        self._asking = asking
        self._account = account
        self._outbox = outbox
        self._check = check
        self._sync = Sync(account)

    def open(self) -> None:
        """Open the mailbox; raises `Refused`."""
        self._outbox.change(self._sync.opened, self._asking.open(self._account.mailbox))

    def hear(self, typ: str, data: list[Any]) -> bool:
        """An untagged response; whether there is something to be asked now."""
        return self._outbox.change(self._hear, typ, data)

    def _hear(self, typ: str, data: list[Any]) -> bool:
        self._hear_all([(typ, data)])
        return self._sync.wants() is not None

    def catch_up(self) -> None:
        """Ask until nothing is unknown. Raises ``abort`` if that has no end."""
        change, sync = self._outbox.change, self._sync
        change(self._hear_all, [*self._asking.heard()])
        before, times = None, 0
        while (question := change(sync.wants)) is not None:
            self._check()
            times = times + 1 if question == before else 0
            if times > _MOST:
                kind = type(question).__name__
                raise abort(f"it makes no difference what the server answers to {kind}")
            before = question
            change(sync.ask)
            try:
                answer = self._asking.answer(question, with_flags=self._account.keeps_flags)
            except error as problem:
                if problem.type not in ("NO", "BAD") or not change(sync.refused, question):
                    raise
                continue
            # What has come meanwhile is first.
            change(self._hear_all, [*self._asking.heard()])
            change(sync.answered, question, answer)

    def _hear_all(self, responses: list[tuple[str, list[Any]]]) -> None:
        if self._asking.has_missed():
            self._sync.missed()
        for typ, data in responses:
            self._sync.heard(typ, data)
