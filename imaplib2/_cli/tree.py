"""Mailboxes as a tree, by the levels of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._hints import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .mailboxes import Found

#: Levels that are shown as such; what is below stays one name.
_DEPTH = 50


class Node:
    """A level of a name: perhaps a mailbox, perhaps only what others are below."""

    def __init__(self) -> None:
        self.found: Found | None = None
        self.children: dict[str, Node] = {}


class Row(NamedTuple):
    """A line of the tree."""

    #: What stands before the name: branches.
    branches: str
    name: str
    #: None for a gap: nobody has told of a mailbox of this name.
    found: Found | None


def grown(found: Iterable[Found]) -> Node:
    """The tree of all that were *found*: its root, which has no name."""
    root = Node()
    for one in found:
        node = root
        for level in _levels(one):
            node = node.children.setdefault(level, Node())
        node.found = one
    return root


def _levels(found: Found) -> tuple[str, ...]:
    path = found.mailbox.path
    if len(path) <= _DEPTH:
        return path
    delimiter = found.mailbox.delimiter or ""
    return (*path[: _DEPTH - 1], delimiter.join(path[_DEPTH - 1 :]))


def rows(node: Node, branches: str = "", *, is_root: bool = True) -> Iterator[Row]:
    """The lines of the tree below *node*: INBOX first, then by name."""
    children = sorted(node.children.items(), key=_order)
    for number, (name, child) in enumerate(children, 1):
        is_last = number == len(children)
        branch = "" if is_root else "└── " if is_last else "├── "
        yield Row(branches + branch, name, child.found)
        below = "" if is_root else "    " if is_last else "│   "
        yield from rows(child, branches + below, is_root=False)


def _order(child: tuple[str, Node]) -> tuple[bool, str, str]:
    name = child[0]
    return name != "INBOX", name.casefold(), name
