"""List mailboxes as a tree: decoded names, what they are for, counts and
sizes, and which are subscribed. Sizes are told by servers with STATUS=SIZE;
with others, --sizes has them added up."""

from __future__ import annotations

import argparse

from .._errors import printable
from .._hints import TYPE_CHECKING, Any
from .failures import OK, PROBLEM, Failure
from .text import bytes_text, cells, counted, padded, shortened, shown

if TYPE_CHECKING:
    from .._client import IMAP4
    from .console import Console, Piece
    from .mailboxes import Found
    from .tree import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    from . import accounts

    accounts.add_arguments(parser)
    parser.add_argument(
        "pattern", metavar="PATTERN", nargs="?", default="*",
        help="which mailboxes, such as 'Archive/*'; %% stands for one level (all)",
    )  # fmt: skip
    parser.add_argument(
        "--sizes", action="store_true",
        help="where the server doesn't tell sizes, ask for that of each message",
    )  # fmt: skip
    parser.add_argument("--names", action="store_true", help="only names: ask for no counts")
    parser.add_argument("--json", action="store_true", help="write a line of JSON for each mailbox")


def run(options: argparse.Namespace, console: Console) -> int:
    """List them."""
    from . import accounts, mailboxes

    account = accounts.account_of(options, console)
    with accounts.session(account, console) as client:
        found = _found(client, options)
        if options.sizes and not options.names and not mailboxes.has_sizes(client):
            found = _with_sizes(client, found, console)
    if options.json:
        for one in found:
            console.json(as_json(one))
    elif not found:
        console.note(f"No mailbox matches {options.pattern}.")
    else:
        Table(found, console).show()
    return OK if found else PROBLEM


def _found(client: IMAP4, options: argparse.Namespace) -> list[Found]:
    from .. import parse
    from . import mailboxes

    try:
        return mailboxes.find(client, options.pattern, counts=not options.names)
    except parse.ParseError as problem:
        raise Failure(
            f"The server's list of mailboxes can't be read: {problem}.",
            "Please report it, with what --trace tells.",
        ) from problem


def _with_sizes(client: IMAP4, found: list[Found], console: Console) -> list[Found]:
    from . import mailboxes

    total = sum(one.status.messages or 0 for one in found if one.status)
    with console.progress("Sizes", total, unit="messages") as progress:
        return [mailboxes.sum_of_sizes(client, one, progress.advance) for one in found]


def as_json(found: Found) -> dict[str, Any]:
    """What is known of a mailbox, for machines; what isn't is null."""
    mailbox, status = found.mailbox, found.status
    return {
        "name": mailbox.name,
        "raw": mailbox.raw.decode("utf-8", "surrogateescape"),
        "path": list(mailbox.path),
        "delimiter": mailbox.delimiter,
        "attributes": sorted(mailbox.attributes),
        "special_use": sorted(mailbox.special_use),
        "selectable": mailbox.is_selectable,
        "subscribed": found.is_subscribed,
        "messages": status and status.messages,
        "unseen": status and status.unseen,
        "size": status and status.size,
        "uid_next": status and status.uid_next,
        "uid_validity": status and status.uid_validity,
        "refusal": found.refusal,
    }


class Table:
    """The tree, with columns beside it."""

    def __init__(self, found: list[Found], console: Console) -> None:
        from . import tree

        self._found = found
        self._console = console
        self._rows = list(tree.rows(tree.grown(found)))
        self._labels = [self._label(row) for row in self._rows]
        #: The texts of each column beside the names, and as wide as it, its title.
        self._columns = [
            (padded(title, max(map(cells, [title, *texts])), right=True), texts)
            for title, texts in self._possible_columns()
            if any(texts)
        ]
        beside = sum(len(title) + 2 for title, _ in self._columns)
        widest = max(cells(name) + cells(about) for name, about in self._labels)
        room = max(console.width - 1 - beside, 8) if console.is_terminal else widest
        #: Columns for the names, and what is said of them.
        self._room = min(widest, room)

    def show(self) -> None:
        """Write it."""
        if self._columns:
            titles = "".join(f"  {title}" for title, _ in self._columns)
            self._console.line((" " * self._room + titles, "dim"))
        for number, row in enumerate(self._rows):
            self._show_row(row, *self._labels[number], self._beside(number))
        self._console.line()
        for line in self._console.wrapped(self._sums()):
            self._console.line((line, "dim"))

    def _beside(self, number: int) -> str:
        """What stands beside the name in the row of this *number*."""
        texts = (padded(texts[number], len(title), right=True) for title, texts in self._columns)
        return "".join(f"  {text}" for text in texts).rstrip()

    def _show_row(self, row: Row, name: str, about: str, beside: str) -> None:
        # Where nothing stands beside it, there is more room.
        room = self._room if beside else max(self._room, self._console.width - 1)
        ellipsis = self._console.sign("…")
        name = shortened(name, room - min(cells(about), room // 2), ellipsis)
        about = shortened(about, room - cells(name), ellipsis)
        space = " " * (room - cells(name) - cells(about)) if beside else ""
        is_mailbox = row.found is not None and row.found.mailbox.is_selectable
        pieces: list[Piece] = [(name, "" if is_mailbox else "dim"), (about, "name")]
        self._console.line(*pieces, space + beside)

    def _label(self, row: Row) -> tuple[str, str]:
        """Branches and name; and what is to be said of it."""
        signs = [row.branches[at : at + 4] for at in range(0, len(row.branches), 4)]
        branches = "".join(one if one.isspace() else self._console.sign(one) for one in signs)
        about = "  " + ", ".join(_about(row.found)) if _about(row.found) else ""
        return branches + shown(printable(row.name)), shown(about)

    def _possible_columns(self) -> list[tuple[str, list[str]]]:
        tick = self._console.sign("✓")
        found = [row.found for row in self._rows]
        status = [one.status if one else None for one in found]
        columns = [
            (
                "messages",
                [f"{s.messages:,}" if s and s.messages is not None else "" for s in status],
            ),
            ("unseen", [f"{s.unseen:,}" if s and s.unseen else "" for s in status]),
            ("size", [bytes_text(s.size) if s and s.size is not None else "" for s in status]),
            ("subscribed", [tick if one and one.is_subscribed else "" for one in found]),
        ]
        return columns[::2] if self._console.is_narrow else columns

    def _sums(self) -> str:
        """How much there is in all, as far as it is known."""
        status = [one.status for one in self._found if one.status]
        number = sum(one.mailbox.is_selectable for one in self._found)
        parts = [counted(number, "mailbox")]
        if status:
            parts.append(counted(sum(one.messages or 0 for one in status), "message"))
            if unseen := sum(one.unseen or 0 for one in status):
                parts.append(f"{unseen:,} unseen")
        if any(one.size is not None for one in status):
            parts.append(bytes_text(sum(one.size or 0 for one in status)))
        return ", ".join(parts)


def _about(found: Found | None) -> list[str]:
    """What is to be said of a mailbox, behind its name."""
    if found is None:
        return ["no mailbox"]
    mailbox = found.mailbox
    words = sorted(mailbox.special_use)
    if mailbox.has(r"\NonExistent"):
        words.append("doesn't exist")
    elif not mailbox.is_selectable:
        words.append("only a folder")
    if found.refusal is not None:
        words.append(f"refused: {found.refusal}")
    return words
