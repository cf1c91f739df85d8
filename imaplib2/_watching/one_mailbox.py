"""A connection for one mailbox, which is open all the time."""

from __future__ import annotations

from .._clock import Clock, seconds_until
from .._hints import Any
from .asking import Asking, Refused
from .keeper import Keeper
from .syncing import Syncing

#: Seconds behind an IDLE that a server has ended by itself.
_MOMENT = 1.0


class OneMailbox(Keeper):
    """Watches one mailbox by IDLE, or by NOOP where the server has no IDLE."""

    def _watch(self, asking: Asking) -> None:
        (account,), (presence,) = self._accounts, self._presences
        syncing = Syncing(asking, account, self._outbox, self._check)
        while True:
            self._is_awaited = False
            self._check()
            try:
                # Each time: so it is noticed when it was renamed or deleted while it was open, and
                # whatever else a server has failed to tell.
                syncing.open()
            except Refused as refused:
                presence.refused(refused)
                self._pause(min(self._options.poll, self._back_off.next()))
                continue
            self._opened(presence)
            syncing.catch_up()
            self._listen(asking, syncing)

    def _listen(self, asking: Asking, syncing: Syncing) -> None:
        """Follow what happens until the mailbox is to be looked at anew."""

        def hear(typ: str, data: list[Any]) -> bool:
            return syncing.hear(typ, data) or self._is_awaited

        until = Clock.now() + self._options.renew
        while not self._is_awaited and (left := seconds_until(until)):
            if asking.idles:
                if not asking.idle(left, hear) and not self._is_awaited and seconds_until(until):
                    # The server has ended it: it may do so again and again.
                    self._pause(min(_MOMENT, self._options.poll))
            else:
                self._pause(min(self._options.poll, left))
                asking.look()
            syncing.catch_up()
