"""How far the consumer of a watcher has got, to be saved and given back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .._hints import Any, NamedTuple
from ..parse import SequenceSet
from .events import Flags

_FORM = 1
#: No mod-sequence is larger, nor is any other number (RFC 7162, section 3.1.1).
_LARGEST = (1 << 63) - 1


class MailboxState(NamedTuple):
    """What the consumer of a watcher knows of a mailbox."""

    #: Of the mailbox that this is about (RFC 3501, section 2.3.1.1); None where there is none.
    uid_validity: int | None = None
    #: The UIDs of its messages.
    uids: SequenceSet = SequenceSet()
    #: Which of them have which flags; None if the watcher was told to leave flags alone. Those that
    #: are missing are yet to be reported.
    flags: Mapping[Flags, SequenceSet] | None = None
    #: What has happened up to this mod-sequence is known (RFC 7162, section 3.1.1).
    highest_modseq: int | None = None
    #: The lowest UID that the next message may have, as far as is known.
    uid_next: int | None = None


class State(Mapping[str, MailboxState]):
    """How far the consumer of a watcher has got: a `MailboxState` for each mailbox, by name.

    ``str()`` of it is a text to be saved, in JSON; a `State` is made of such a text, or of a
    mapping, as it is one itself. An empty one, or one that lacks a mailbox, is that of a consumer
    who has been told nothing: all messages arrive.

    >>> from imaplib2.watching import MailboxState, State
    >>> from imaplib2.parse import SequenceSet
    >>> state = State({"INBOX": MailboxState(7, SequenceSet("1:3"))})
    >>> str(state)
    '{"form": 1, "mailboxes": {"INBOX": {"uid_validity": 7, "uids": "1:3"}}}'
    >>> State(str(state)) == state, state["INBOX"].uids
    (True, SequenceSet('1:3'))

    Raises ValueError for a text that is none of these, and TypeError for anything else.
    """

    def __init__(self, saved: str | bytes | Mapping[str, MailboxState] = ()) -> None:  # type: ignore[assignment]
        if isinstance(saved, (str, bytes)):
            self._mailboxes = _restored(saved)
        else:
            self._mailboxes = dict(saved)
            if not all(isinstance(one, MailboxState) for one in self._mailboxes.values()):
                raise TypeError("a State is made of its text, or of a MailboxState by mailbox")

    def __getitem__(self, mailbox: str) -> MailboxState:
        return self._mailboxes[mailbox]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mailboxes)

    def __len__(self) -> int:
        return len(self._mailboxes)

    def __str__(self) -> str:
        mailboxes = {name: _written(one) for name, one in self._mailboxes.items()}
        return json.dumps({"form": _FORM, "mailboxes": mailboxes})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._mailboxes!r})"


def _written(state: MailboxState) -> dict[str, Any]:
    fields = {name: value for name, value in state._asdict().items() if value is not None}
    fields["uids"] = str(state.uids)
    if state.flags is not None:
        sets = ((sorted(flags), str(uids)) for flags, uids in state.flags.items())
        fields["flags"] = sorted(sets)
    return fields


def _restored(text: str | bytes) -> dict[str, MailboxState]:
    try:
        content = json.loads(text)
        if content["form"] != _FORM or content["form"] is True:
            raise ValueError("another form")
        return {name: _mailbox(fields) for name, fields in content["mailboxes"].items()}
    # What it may find in JSON that is something else.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError(f"not the text of a State: {problem!r}") from problem


def _mailbox(fields: dict[str, Any]) -> MailboxState:
    flags = fields.get("flags")
    numbers = ("uid_validity", "highest_modseq", "uid_next")
    for name in numbers:
        number = fields.get(name, 0)
        if type(number) is not int or not 0 <= number <= _LARGEST:
            raise ValueError("not a number")
    return MailboxState(
        uids=_uids(fields["uids"]),
        flags=None if flags is None else {frozenset(map(_flag, f)): _uids(u) for f, u in flags},
        **{name: fields.get(name) for name in numbers},
    )


def _uids(text: Any) -> SequenceSet:
    if not isinstance(text, str):
        raise ValueError("not a set of UIDs")
    uids = SequenceSet(text) if text else SequenceSet()
    if not uids.is_resolved:
        raise ValueError("* in a set of UIDs")
    return uids


def _flag(flag: Any) -> str:
    if not isinstance(flag, str):
        raise ValueError("not a flag")
    return flag
