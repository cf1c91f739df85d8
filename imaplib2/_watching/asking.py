"""What is asked of the server, and what comes of it: by the methods of a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .._errors import error, told
from .._hints import TYPE_CHECKING, Any
from .._protocol.refusals import about_answer
from ..parse import Mailbox, Status, mailboxes, search, status
from .questions import AllUids, ChangedSince, NewFrom, Opened, Question

if TYPE_CHECKING:
    from .. import IMAP4

#: Seconds of silence that are borne where the connection has no time-out of its own.
TIMEOUT = 60.0
#: What EXAMINE says when there is no such mailbox, or none that may be read (RFC 5530, section 3).
_GONE = frozenset({"NONEXISTENT", "NOPERM", "TRYCREATE", "CANNOT", "ACL"})
#: And when trying again may help.
_BUSY = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "CORRUPTION", "OVERQUOTA"})


class Refused(Exception):
    """A mailbox can't be opened; ``why`` tells what the server has said."""

    def __init__(self, why: error, *, is_gone: bool) -> None:
        super().__init__(str(why))
        self.why = why
        #: Whether it isn't there, or may not be read; else trying again may help.
        self.is_gone = is_gone


class Asking:
    """A connection, as a watcher uses it: for one thread, one question at a time."""

    def __init__(self, M: IMAP4) -> None:
        self._M = M
        _bound_silence(M)
        self._vanishes = self._enable("QRESYNC")
        # What came while a mailbox was opened, and is about it.
        self._kept: list[tuple[str, list[Any]]] = []
        self._dropped = M.untagged_responses.dropped
        #: Whether the server offers IDLE, and hasn't refused it.
        self.idles = "IDLE" in M.capabilities

    def _enable(self, extension: str) -> bool:
        M = self._M
        if M.state != "AUTH" or not {"ENABLE", extension} <= {*M.capabilities}:
            return False
        M.response("ENABLED")
        try:
            typ, _ = M.enable(extension)
        except error as problem:
            if problem.type != "BAD":
                raise
            return False
        _, said = M.response("ENABLED")
        lines = (line.upper() for line in said if isinstance(line, bytes))
        return typ == "OK" and any(extension.encode() in line.split() for line in lines)

    @property
    def tells_modseq(self) -> bool:
        """Whether the server offers CONDSTORE, so that a STATUS tells of changed flags."""
        return not {"CONDSTORE", "QRESYNC"}.isdisjoint(self._M.capabilities)

    def open(self, mailbox: str) -> Opened:
        """EXAMINE *mailbox*. Raises `Refused`, and ``error`` for anything that is no refusal."""
        M = self._M
        typ, data = M.select(mailbox, readonly=True)
        if typ != "OK":
            raise self._refused(mailbox, typ, data)
        exists, has_modseq = _number(data), M.response("NOMODSEQ") == ("NOMODSEQ", [None])
        names = ("UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ")
        uid_validity, uid_next, modseq = (_number(M.response(name)[1]) for name in names)
        self._kept = _behind_closed([*M.pop_untagged_responses()])
        return Opened(
            exists,
            uid_validity,
            uid_next,
            modseq or None if has_modseq else None,
            self._vanishes and has_modseq,
        )

    def _refused(self, mailbox: str, typ: str, data: list[Any]) -> Refused:
        why = refusal("EXAMINE", typ, data)
        if why.code in _GONE or why.code in _BUSY:
            return Refused(why, is_gone=why.code in _GONE)
        return Refused(why, is_gone=not self._is_listed(mailbox))

    def _is_listed(self, mailbox: str) -> bool:
        """Whether there is such a mailbox, as far as LIST tells."""
        answer = self._M.list('""', mailbox)
        found = mailboxes(answer, lenient=True) if answer[0] == "OK" else []
        return any(isinstance(one, Mailbox) and one.is_selectable for one in found)

    def answer(self, question: Question, *, with_flags: bool) -> Any:
        """What the server answers to a *question*: UIDs to `AllUids`, FETCH data to the others."""
        M, items = self._M, "(UID FLAGS)" if with_flags else "(UID)"
        if isinstance(question, AllUids):
            return search(_done("UID SEARCH", M.search(None, "ALL", uid=True))).numbers
        if isinstance(question, NewFrom):
            return _done("UID FETCH", M.fetch(f"{question.first}:*", items, uid=True))
        if isinstance(question, ChangedSince):
            vanished = " VANISHED" if question.vanished else ""
            modifier = f"(CHANGEDSINCE {question.modseq}{vanished})"
            return _done("UID FETCH", M.uid("FETCH", "1:*", items, modifier))
        return _done("UID FETCH", M.fetch(question.uids, items, uid=True))

    def status(self, mailbox: str, items: str) -> Status | None:
        """What STATUS tells of a *mailbox*; None if that can't be read. Raises `Refused`."""
        typ, data = self._M.status(mailbox, items)
        if typ != "OK":
            raise self._refused(mailbox, typ, data)
        found = status(data, lenient=True)
        return next((one for one in found if isinstance(one, Status)), None)

    def look(self) -> None:
        """Give the server the opportunity to tell what is new."""
        _done("NOOP", self._M.noop())

    def leave(self) -> None:
        """Close the mailbox; as it is open for reading only, nothing is expunged thereby."""
        _done("CLOSE", self._M.close())

    def heard(self) -> Iterator[tuple[str, list[Any]]]:
        """What no command has asked for, in order."""
        kept, self._kept = self._kept, []
        yield from kept
        yield from self._M.pop_untagged_responses()

    def has_missed(self) -> bool:
        """Whether some of it was dropped, as there was too much, since this was last asked.

        To be asked behind `heard`, before what that has given is relied upon.
        """
        before, self._dropped = self._dropped, self._M.untagged_responses.dropped
        return before != self._dropped

    def idle(self, seconds: float, hear: Callable[[str, list[Any]], bool]) -> bool:
        """Call *hear* with each untagged response as it comes, until it returns true.

        Returns false if it hasn't: after some *seconds*, when another thread wants the IDLE back,
        and when the server refuses it, or ends it.
        """
        idler = self._M.idle(duration=seconds)
        try:
            idler.__enter__()
        except error as problem:
            if problem.type in ("NO", "BAD"):
                self.idles = False
                return False
            raise
        try:
            # Those that have come between the last answer and here are first. At last, nothing, as
            # there may be a reason to leave that an earlier look could not see.
            heard = [hear(typ, data) for typ, data in (*self.heard(), ("", []))]
            return any(heard) or any(hear(typ, data) for typ, data in idler)
        finally:
            idler.__exit__(None, None, None)


def _behind_closed(responses: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
    """Those about the mailbox that was opened: CLOSED ends the other one (RFC 7162, 3.2.11)."""
    for position, (typ, _) in enumerate(responses):
        if typ == "CLOSED":
            return responses[position + 1 :]
    return responses


def _bound_silence(M: IMAP4) -> None:
    """Have a time-out: a link may be dead, and nobody would notice."""
    sock = M.sock
    if M.timeout is None and hasattr(sock, "settimeout") and sock.gettimeout() is None:
        sock.settimeout(TIMEOUT)


def _done(command: str, answer: Any) -> Any:
    if answer[0] != "OK":
        raise refusal(command, *answer)
    return answer


def refusal(command: str, typ: str, data: list[Any]) -> error:
    """An ``error`` for a NO, as if the method had raised it."""
    said = next((item for item in data if isinstance(item, bytes)), b"")
    known = about_answer(typ, said) | {"command": command}
    return told(error(f"{command} was refused: {typ} {said!r}"), known)


def _number(data: list[Any]) -> int | None:
    """The last of what should be numbers; None if it is none."""
    last = data[-1] if data else None
    digits = last.strip() if isinstance(last, bytes) else b""
    return int(digits) if digits.isdigit() and len(digits) <= 20 else None
