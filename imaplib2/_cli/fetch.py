"""Back up mailboxes into Maildir or mbox: what isn't there yet, new flags, and
nothing twice. Nothing is changed on the server. It may be ended at any moment:
the next run goes on from there. Messages that are deleted on the server stay in
the backup. In the folder that --to names, each mailbox has one, for your eyes
only; push uploads it."""

from __future__ import annotations

import argparse
from pathlib import Path

from .._errors import abort, error, printable
from .._hints import TYPE_CHECKING
from . import outcomes
from .failures import OK, PROBLEM, Failure
from .text import bytes_text, counted

if TYPE_CHECKING:
    from .._client import IMAP4
    from ..parse import Mailbox
    from .account import Account
    from .console import Console
    from .downloads import Download, Plan
    from .progress import Progress
    from .store import Store
    from .surveys import Survey


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


def run(options: argparse.Namespace, console: Console) -> int:
    """Back up."""
    from . import accounts
    from .reconnecting import run_by_connections

    account = accounts.account_of(options, console)
    backup = Backup(account, options, console)
    return run_by_connections(backup, account, console, "The backup can't be written")


class Backup:
    """A backup of several mailboxes; ``size``: octets that were fetched."""

    def __init__(self, account: Account, options: argparse.Namespace, console: Console) -> None:
        self._account = account
        self._console = console
        self._patterns: list[str] = options.mailboxes
        self._folder: Path = options.to
        self._kind: str = options.kind
        self._is_dry: bool = options.dry_run
        self._mailboxes: dict[str, Mailbox] | None = None
        #: Those of which nothing is to be done any more.
        self._done: set[str] = set()
        self._status = OK
        self._count = self.size = 0

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
        self._sum_up()
        return self._status

    def _try(self, client: IMAP4, name: str, mailbox: Mailbox) -> None:
        """Back up a mailbox; what is wrong with it alone doesn't keep others from it."""
        from .advice import explained

        try:
            self._back_up(client, name, mailbox)
        except abort:
            raise
        except (error, Failure) as problem:
            failure = explained(problem, self._account)
            self._status = PROBLEM
            self._console.warn(f"{printable(name)}: {failure.text}", failure.advice)

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

    def _back_up(self, client: IMAP4, name: str, mailbox: Mailbox) -> None:
        from . import folder_names, store, surveys

        folder = self._folder / folder_names.folder_path(name)
        with self._console.progress(name, unit="B") as progress:
            found = surveys.survey(client, mailbox.quoted)
            self._check(name, found)
            if self._is_dry:
                plan = self._dry_plan(client, found, folder)
                done = None
            else:
                with store.writable(folder, name, self._kind) as kept:
                    plan, done = self._fill(client, found, kept, progress)
        if done is None:
            self._tell_plan(name, plan, len(found.flags))
        else:
            self._tell(name, plan, done, len(found.flags))

    def _check(self, name: str, found: Survey) -> None:
        if found.lacking:
            self._status = PROBLEM
            text = f"the server tells nothing of {counted(found.lacking, 'message')} that it has"
            self._console.warn(f"{printable(name)}: {text}", "They may not be in the backup.")

    def _dry_plan(self, client: IMAP4, found: Survey, folder: Path) -> Plan:
        from . import downloads, store

        if not store.is_store(folder):
            return downloads.plan(client, found, None)
        with store.readable(folder) as kept:
            return downloads.plan(client, found, kept)

    def _fill(
        self, client: IMAP4, found: Survey, kept: Store, progress: Progress
    ) -> tuple[Plan, Download]:
        """Have *kept* be as the mailbox that was *found*."""
        from . import downloads

        plan = downloads.plan(client, found, kept)
        progress.expect(plan.size)
        done = downloads.Download(client, kept, progress)
        try:
            done.run(plan)
        finally:
            self._count += done.count
            self.size += done.size
        return plan, done

    # -- What is told ---------------------------------------------------------------------------

    def _tell(self, name: str, plan: Plan, done: Download, there: int) -> None:
        words = []
        if done.count:
            words.append(f"{done.count:,} new ({bytes_text(done.size)})")
        if plan.again:
            words.append(f"{len(plan.again):,} known from before")
        if plan.changed:
            words.append(f"new flags of {len(plan.changed):,}")
        if plan.gone:
            words.append(f"{len(plan.gone):,} deleted on the server, and kept")
        if done.vanished:
            words.append(f"{done.vanished:,} deleted meanwhile")
        words = words or [f"nothing new ({counted(there, 'message')})"]
        if done.problems:
            self._status = PROBLEM
            words.append(f"{counted(len(done.problems), 'message')} failed")
        sign, style = ("✗", "bad") if done.problems else ("✓", "good")
        self._show(sign, style, name, ", ".join(words))
        outcomes.tell_problems(self._console, "message with UID", done.problems)

    def _tell_plan(self, name: str, plan: Plan, there: int) -> None:
        text = f"nothing to fetch ({counted(there, 'message')})"
        if plan.sizes:
            text = f"{counted(len(plan.sizes), 'message')} to fetch ({bytes_text(plan.size)})"
        self._count += len(plan.sizes)
        self.size += plan.size
        self._show("→", "name", name, text)

    def _show(self, sign: str, style: str, name: str, text: str) -> None:
        width = outcomes.width_of(self._mailboxes or ())
        outcomes.show(self._console, sign, style, name, text, width)

    def _sum_up(self) -> None:
        done = "to fetch" if self._is_dry else "fetched"
        text = f"{counted(self._count, 'message')} {done} ({bytes_text(self.size)})"
        if not self._is_dry:
            text += f", into {printable(str(self._folder))}"
        for line in self._console.wrapped(text):
            self._console.line((line, "dim"))
