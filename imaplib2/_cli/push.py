"""Upload what fetch has backed up, or any Maildir or mbox file, into a mailbox:
what isn't there yet, with flags and dates. It may be ended at any moment, and
done again: nothing is uploaded twice."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from .._errors import abort, error, printable
from .._hints import TYPE_CHECKING, Any
from .backup import outcomes
from .failures import OK, PROBLEM, USAGE, Failure
from .text import bytes_text, counted

if TYPE_CHECKING:
    from .._client import IMAP4
    from .account import Account
    from .backup.entries import Entry
    from .backup.surveys import Survey
    from .backup.uploads import Source
    from .console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    from . import accounts

    parser.add_argument(
        "folder", metavar="DIR", type=Path,
        help="a mailbox's folder in what fetch has written, or any Maildir or mbox file",
    )  # fmt: skip
    accounts.add_arguments(parser)
    parser.add_argument("mailbox", metavar="MAILBOX", help="where the messages go")
    parser.add_argument("--create", action="store_true", help="make the mailbox if there is none")
    parser.add_argument(
        "--deleted", action="store_true",
        help="also those that the server no longer had when they were last fetched",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be uploaded")
    parser.add_argument("--json", action="store_true", help="write a line of JSON")


def run(options: argparse.Namespace, console: Console) -> int:
    """Upload."""
    from . import accounts
    from .backup.reconnecting import run_by_connections

    account = accounts.account_of(options, console)
    with _source(options.folder) as source:
        push = Push(source, account, options, console)
        return run_by_connections(push, account, console, f"{options.folder} can't be used")


@contextlib.contextmanager
def _source(folder: Path) -> Iterator[Source]:
    """What is in *folder*. Raises `Failure` when it isn't that of one mailbox."""
    from .backup import foreign, store

    if store.is_store(folder):
        with store.readable(folder) as kept:
            yield kept
        return
    inside = sorted(path.parent for path in folder.glob(f"**/{store.JOURNAL}"))
    if inside:
        names = "; ".join(printable(str(path)) for path in inside)
        raise Failure(f"{folder} is not the folder of one mailbox.", f"In it: {names}.", USAGE)
    with contextlib.closing(foreign.Foreign(folder)) as source:
        yield source


class Push:
    """An upload of a *source*; ``size``: octets that were uploaded."""

    def __init__(
        self, source: Source, account: Account, options: argparse.Namespace, console: Console
    ) -> None:
        self._source = source
        self._account = account
        self._options = options
        self._console = console
        self._mailbox: str = options.mailbox
        self._count = self.size = 0
        #: What is odd about messages that were uploaded, by their keys.
        self._changed: dict[str, str] = {}

    def run(self, client: IMAP4) -> int:
        """Do it, or what is left to be done; returns the exit status.

        Raises ``abort`` when the connection is lost: go on with another one then.
        """
        from .backup import pushed

        found = self._survey(client)
        left_out = set() if self._options.deleted else {one.key for one in self._source.others()}
        entries = [one for one in self._source.entries if one.key not in left_out]
        path = self._journal()
        user = client.host if self._account.user is None else self._account.user
        to = f"{user}@{self._account.where}/{self._mailbox}"
        with pushed.opened(path, to, found.validity, read_only=self._options.dry_run) as known:
            return self._push(client, found, entries, known, len(left_out))

    def _journal(self) -> Path:
        folder: Path = self._options.folder
        name = "imaplib2.pushed"
        return folder / name if folder.is_dir() else folder.with_name(f"{folder.name}.{name}")

    def _survey(self, client: IMAP4) -> Survey:
        """What is in the mailbox, which is opened for reading."""
        from .advice import explained
        from .answers import agreed
        from .backup import surveys

        try:
            return surveys.survey(client, self._mailbox)
        except abort:
            raise
        except error as problem:
            if not self._options.create:
                text = f"{printable(self._mailbox)}: {explained(problem, self._account).text}"
                raise Failure(text, "If there is no such mailbox: --create makes it.") from problem
        if self._options.dry_run:
            return surveys.Survey(0, {})
        agreed(client.create(self._mailbox))
        return surveys.survey(client, self._mailbox)

    def _push(
        self, client: IMAP4, found: Survey, entries: list[Entry], known: Any, left_out: int
    ) -> int:
        from .backup import uploads

        if found.lacking:
            text = f"The server tells nothing of {counted(found.lacking, 'message')} there."
            raise Failure(text, "So nobody can know which ones are to be uploaded.")
        missing = uploads.lacking(client, found, self._source, entries, known)
        total = sum(entry.size for entry in missing)
        there = max(len(entries) - len(missing) - self._count, 0)
        if self._options.dry_run:
            self._count, self.size = len(missing), total
            return self._tell(there, left_out, {})
        client.close()
        with self._console.progress(self._mailbox, total, unit="B") as progress:
            upload = uploads.Upload(client, self._mailbox, self._source, known, progress)
            try:
                upload.run(missing)
            finally:
                self._count += upload.count
                self.size += upload.size
                self._changed |= upload.changed
        return self._tell(there, left_out, upload.problems)

    # -- What is told ---------------------------------------------------------------------------

    def _tell(self, there: int, left_out: int, refused: dict[str, str]) -> int:
        if self._options.json:
            self._console.json(self._as_json(there, left_out, refused))
        else:
            sign, style = ("✗", "bad") if refused else ("✓", "good")
            if self._options.dry_run:
                sign, style = "→", "name"
            text = self._text(there, left_out, refused)
            outcomes.show(self._console, sign, style, self._mailbox, text)
        for problems in (refused, self._changed):
            outcomes.tell_problems(self._console, "message", problems)
        return PROBLEM if refused or self._changed else OK

    def _text(self, there: int, left_out: int, refused: dict[str, str]) -> str:
        """What has come of it, for people."""
        size = bytes_text(self.size)
        if self._options.dry_run:
            done, nothing = f"{counted(self._count, 'message')} to upload", "nothing to upload"
        else:
            done, nothing = f"{self._count:,} uploaded", "nothing new"
        text = f"{done} ({size})" if self._count else nothing
        if there:
            text += f", {there:,} there already"
        if left_out:
            text += f", {left_out:,} left out as they had been deleted (see --deleted)"
        return text + (f", {counted(len(refused), 'message')} refused" if refused else "")

    def _as_json(self, there: int, left_out: int, refused: dict[str, str]) -> dict[str, Any]:
        """What has come of it, for machines."""

        def listed(problems: dict[str, str]) -> list[dict[str, str]]:
            return [{"key": key, "text": text} for key, text in problems.items()]

        return {
            "mailbox": self._mailbox,
            "folder": str(self._options.folder),
            "dry_run": self._options.dry_run,
            "uploaded": self._count,
            "size": self.size,
            "there_already": there,
            "left_out": left_out,
            "refused": listed(refused),
            "changed": listed(self._changed),
        }
