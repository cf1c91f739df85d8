"""Jobs that go on by another connection when theirs is lost."""

from __future__ import annotations

from ..._errors import abort, error
from ..._hints import TYPE_CHECKING, Protocol
from .. import accounts
from ..advice import explained
from ..failures import Failure

if TYPE_CHECKING:
    from ..._client import IMAP4
    from ..account import Account
    from ..console import Console

#: How often a lost connection is replaced without anything being done in between.
_TRIES = 3


class Job(Protocol):
    """What can be interrupted, and gone on with."""

    @property
    def size(self) -> int:
        """Octets that are done."""

    def run(self, client: IMAP4) -> int:
        """Do it, or what is left to be done; the exit status. Raises ``abort`` when interrupted."""


def run_by_connections(job: Job, account: Account, console: Console, unusable: str) -> int:
    """Have *job* done by connections of *account*, one after the other; its exit status.

    Raises `Failure` when it can't be done: for an OSError, which is of the local files then, it is
    *unusable*, the beginning of a sentence, that tells.
    """
    opener = accounts.Opener(account, console)
    tries = 0
    while True:
        before = job.size
        try:
            with accounts.closing(opener()) as client:
                return job.run(client)
        except abort as problem:
            tries = 1 if job.size > before else tries + 1
            if tries >= _TRIES:
                raise explained(problem, account) from problem
            console.warn(f"The connection was lost: {problem}.", "It is opened again.")
        except error as problem:
            raise explained(problem, account) from problem
        except OSError as problem:
            raise Failure(f"{unusable}: {problem}.") from problem
