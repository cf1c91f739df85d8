"""What `fetch` has done with a mailbox: for people, and for machines."""

from __future__ import annotations

from ..._hints import TYPE_CHECKING, Any
from ..text import bytes_text, counted

if TYPE_CHECKING:
    from .downloads import Download, Plan
    from .surveys import Survey


class Tally:
    """What has come of the mailbox *name*, by all connections that this has taken.

    ``is_dry``: nothing is done, and ``count`` and ``size`` are of what would be fetched.
    ``failure``: why there is no backup of it, in a sentence.
    """

    def __init__(self, name: str, folder: str, *, is_dry: bool) -> None:
        self.name = name
        self.is_dry = is_dry
        self.failure: str | None = None
        #: Messages that were fetched, and their octets.
        self.count = self.size = 0
        #: What went wrong, by UIDs.
        self.problems: dict[int, str] = {}
        self._folder = folder
        #: Messages on the server, and those of which it tells nothing.
        self._there = self.lacking = 0
        self._again = self._changed = self._gone = self._vanished = 0

    @property
    def is_good(self) -> bool:
        """Whether all is in the backup."""
        return not (self.failure or self.problems or self.lacking)

    def found(self, survey: Survey) -> None:
        """That is in the mailbox."""
        self._there, self.lacking = len(survey.flags) + survey.lacking, survey.lacking

    def planned(self, plan: Plan) -> None:
        """That is to be done."""
        self._again += len(plan.again)
        self._changed += len(plan.changed)
        self._gone += len(plan.gone)
        if self.is_dry:
            self.count, self.size = len(plan.sizes), plan.size

    def done(self, download: Download) -> None:
        """That was done, by one of the connections."""
        self.count += download.count
        self.size += download.size
        self._vanished += download.vanished
        self.problems = download.problems

    @property
    def text(self) -> str:
        """All of it, for people."""
        if self.is_dry:
            if not self.count:
                return f"nothing to fetch ({counted(self._there, 'message')})"
            return f"{counted(self.count, 'message')} to fetch ({bytes_text(self.size)})"
        failed = counted(len(self.problems), "message")
        words = [
            (self.count, f"{self.count:,} new ({bytes_text(self.size)})"),
            (self._again, f"{self._again:,} known from before"),
            (self._changed, f"new flags of {self._changed:,}"),
            (self._gone, f"{self._gone:,} deleted on the server, and kept"),
            (self._vanished, f"{self._vanished:,} deleted meanwhile"),
        ]
        told = [text for number, text in words if number]
        told = told or [f"nothing new ({counted(self._there, 'message')})"]
        return ", ".join([*told, *([f"{failed} failed"] if self.problems else [])])

    def as_json(self) -> dict[str, Any]:
        """All of it, for machines."""
        return {
            "mailbox": self.name,
            "folder": self._folder,
            "dry_run": self.is_dry,
            "messages": self._there,
            "new": self.count,
            "size": self.size,
            "known_from_before": self._again,
            "new_flags": self._changed,
            "deleted": self._gone,
            "deleted_meanwhile": self._vanished,
            "not_told": self.lacking,
            "problems": [{"uid": uid, "text": text} for uid, text in self.problems.items()],
            "failure": self.failure,
        }
