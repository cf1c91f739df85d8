"""Back up mailboxes into Maildir or mbox: what isn't there yet, new flags, and
nothing twice. Nothing is changed on the server. It may be ended at any moment:
the next run goes on from there. Messages that are deleted on the server stay in
the backup. In the folder that --to names, each mailbox has one, for your eyes
only; push uploads it."""

from __future__ import annotations

import argparse
import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from .._errors import abort, error, printable
from .._hints import TYPE_CHECKING
from .backup import outcomes
from .failures import OK, PROBLEM, Failure
from .text import bytes_text, counted

if TYPE_CHECKING:
    from .._client import IMAP4
    from ..parse import Mailbox
    from .account import Account
    from .backup.downloads import Plan
    from .backup.store import Store
    from .backup.surveys import Survey
    from .backup.tallies import Tally
    from .console import Console
    from .progress import Progress

#: Numbers of errors which other folders need not have.
_OF_ONE = (errno.EACCES, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    from . import accounts

    accounts.add_arguments(parser)
    parser.add_argument(
        "mailboxes", metavar="MAILBOX", nargs="+",
        help="which, such as INBOX or 'Archive/*'; '*' is all, and %% stands for one level",
    )  # fmt: skip
    parser.add_argument("--to", metavar="DIR", type=Path, required=True, help="the backup's folder")
    parser.add_argument(
        "--format", choices=("maildir", "mbox"), default="maildir", dest="kind",
        help="a file for each message, with its flags, or one file for each mailbox (maildir)",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be fetched")
    parser.add_argument("--json", action="store_true", help="write a line of JSON for each mailbox")


def run(options: argparse.Namespace, console: Console) -> int:
    """Back up."""
    from . import accounts
    from .backup.reconnecting import run_by_connections

    account = accounts.account_of(options, console)
    backup = Backup(account, options, console)
    return run_by_connections(backup, account, console, "The backup can't be written")


@contextlib.contextmanager
def _own_problems() -> Iterator[None]:
    """Tell what is wrong with the folder of one mailbox from what is wrong with all of them."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _OF_ONE:
            raise
        raise Failure(f"Its folder can't be written: {problem}.") from problem


class Backup:
    """A backup of several mailboxes."""

    def __init__(self, account: Account, options: argparse.Namespace, console: Console) -> None:
        self._account = account
        self._console = console
        self._patterns: list[str] = options.mailboxes
        self._folder: Path = options.to
        self._kind: str = options.kind
        self._is_dry: bool = options.dry_run
        self._is_json: bool = options.json
        self._mailboxes: dict[str, Mailbox] | None = None
        self._tallies: dict[str, Tally] = {}
        #: Those of which nothing is to be done any more.
        self._done: set[str] = set()
        self._status = OK

    @property
    def size(self) -> int:
        """Octets that were fetched."""
        return sum(tally.size for tally in self._tallies.values())

    def run(self, client: IMAP4) -> int:
        """Do it, or what is left to be done; returns the exit status.

        Raises ``abort`` when the connection is lost: go on with another one then.
        """
        if self._mailboxes is None:
            self._mailboxes = self._found(client)
        for name, mailbox in self._mailboxes.items():
            if name not in self._done:
                self._try(client, name, mailbox)
                self._done.add(name)
        if not self._is_json:
            self._sum_up()
        return self._status

    def _try(self, client: IMAP4, name: str, mailbox: Mailbox) -> None:
        """Back up a mailbox; what is wrong with it alone doesn't keep others from it."""
        from .advice import explained
        from .backup import folder_names
        from .backup.tallies import Tally

        folder = self._folder / folder_names.folder_path(name)
        tally = self._tallies.setdefault(name, Tally(name, str(folder), is_dry=self._is_dry))
        try:
            with _own_problems():
                self._back_up(client, mailbox, folder, tally)
        except abort:
            raise
        except (error, Failure) as problem:
            failure = explained(problem, self._account)
            tally.failure = failure.text
            self._console.warn(f"{printable(name)}: {failure.text}", failure.advice)
        self._tell(tally)

    def _found(self, client: IMAP4) -> dict[str, Mailbox]:
        """The mailboxes that are meant, by their names."""
        from ..parse import ParseError
        from . import mailboxes

        found: dict[str, Mailbox] = {}
        for pattern in self._patterns:
            try:
                listed = [one.mailbox for one in mailboxes.find(client, pattern, counts=False)]
            except ParseError as problem:
                raise Failure(f"The server's list of mailboxes can't be read: {problem}.") from None
            usable = [one for one in listed if one.is_selectable]
            if not usable:
                self._status = PROBLEM
                text = f"No mailbox matches {printable(pattern)}."
                self._console.warn(text, "`imaplib2 ls` shows those there are.")
            for one in usable:
                self._add(found, one)
        first = sorted(found, key=lambda name: (name != "INBOX", name.casefold()))
        return {name: found[name] for name in first}

    def _add(self, found: dict[str, Mailbox], mailbox: Mailbox) -> None:
        """One more mailbox is meant."""
        other = found.setdefault(mailbox.name, mailbox)
        if other.raw != mailbox.raw and mailbox.name != "INBOX":
            self._status = PROBLEM
            text = f"Two mailboxes have the name {printable(mailbox.name)}"
            raws = f"{printable(other.raw)} and {printable(mailbox.raw)}, as the server writes them"
            self._console.warn(f"{text}: {raws}.", "Only the first is backed up: rename one.")

    def _back_up(self, client: IMAP4, mailbox: Mailbox, folder: Path, tally: Tally) -> None:
        from .backup import store, surveys

        with self._console.progress(tally.name, unit="B") as progress:
            found = surveys.survey(client, mailbox.quoted)
            tally.found(found)
            if self._is_dry:
                tally.planned(self._dry_plan(client, found, folder))
                return
            with store.writable(folder, tally.name, self._kind) as kept:
                self._fill(client, found, kept, progress, tally)

    def _dry_plan(self, client: IMAP4, found: Survey, folder: Path) -> Plan:
        from .backup import downloads, store

        if not store.is_store(folder):
            return downloads.plan(client, found, None)
        with store.readable(folder) as kept:
            return downloads.plan(client, found, kept)

    def _fill(
        self, client: IMAP4, found: Survey, kept: Store, progress: Progress, tally: Tally
    ) -> None:
        """Have *kept* be as the mailbox that was *found*."""
        from .backup import downloads

        plan = downloads.plan(client, found, kept)
        tally.planned(plan)
        progress.expect(plan.size)
        download = downloads.Download(client, kept, progress)
        try:
            download.run(plan)
        finally:
            tally.done(download)

    # -- What is told ---------------------------------------------------------------------------

    def _tell(self, tally: Tally) -> None:
        if not tally.is_good:
            self._status = PROBLEM
        if tally.lacking:
            text = f"the server tells nothing of {counted(tally.lacking, 'message')} that it has"
            self._console.warn(f"{printable(tally.name)}: {text}", "They may not be in the backup.")
        if self._is_json:
            self._console.json(tally.as_json())
        elif tally.failure is None:
            sign, style = ("✗", "bad") if tally.problems else ("✓", "good")
            if self._is_dry:
                sign, style = "→", "name"
            width = outcomes.width_of(self._mailboxes or ())
            outcomes.show(self._console, sign, style, tally.name, tally.text, width)
        outcomes.tell_problems(self._console, "message with UID", tally.problems)

    def _sum_up(self) -> None:
        done = "to fetch" if self._is_dry else "fetched"
        count = sum(tally.count for tally in self._tallies.values())
        text = f"{counted(count, 'message')} {done} ({bytes_text(self.size)})"
        if not self._is_dry:
            text += f", into {printable(str(self._folder))}"
        for line in self._console.wrapped(text):
            self._console.line((line, "dim"))
