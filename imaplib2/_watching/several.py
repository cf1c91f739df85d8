"""One connection for several mailboxes, which are opened when a STATUS says that there is news."""

from __future__ import annotations

from .._hints import Any
from .account import Account
from .asking import Asking, Refused
from .keeper import Keeper
from .presence import Presence
from .syncing import Syncing

_ITEMS = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN"
#: What two looks must agree in, for there to be no news.
Shown = tuple[Any, ...]


class Several(Keeper):
    """Watches several mailboxes by STATUS."""

    def _watch(self, asking: Asking) -> None:
        shown: dict[str, Shown] = {}
        while True:
            self._is_awaited = False
            for account, presence in zip(self._accounts, self._presences, strict=True):
                self._check()
                try:
                    self._look(asking, account, presence, shown)
                except Refused as refused:
                    shown.pop(account.mailbox, None)
                    presence.refused(refused)
            self._pause(self._options.poll)

    def _look(
        self, asking: Asking, account: Account, presence: Presence, shown: dict[str, Shown]
    ) -> None:
        """See whether there is news of a mailbox, and what it is."""
        name = account.mailbox
        now = self._shown(asking, account)
        if shown.get(name) == now:
            return
        syncing = Syncing(asking, account, self._outbox, self._check)
        syncing.open()
        self._opened(presence)
        syncing.catch_up()
        asking.leave()
        # As it was before it was opened: what came since will be news.
        shown[name] = now

    def _shown(self, asking: Asking, account: Account) -> Shown:
        modseq = " HIGHESTMODSEQ" if asking.tells_modseq else ""
        said = asking.status(account.mailbox, f"({_ITEMS}{modseq})")
        if said is None or (account.keeps_flags and not said.highest_modseq):
            # What can't be read, or doesn't tell of flags, is looked into each time: a mailbox may
            # have no mod-sequences where others have (RFC 7162, section 3.1.2.2).
            return (object(),)
        return said[2:]
