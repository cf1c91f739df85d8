"""IMAP4's methods that are named after commands, in the order of RFC 3501.

Each returns ``(typ, data)``: *typ* is ``'OK'`` or ``'NO'``; *data* is a list whose items are
``bytes``, or ``(header, literal)`` tuples followed by the text behind the literal; ``[None]`` when
nothing came. Each takes ``callback`` and ``cb_arg``: the call then returns ``(None, None)`` at
once, and ``callback((result, cb_arg, error))`` is called once, with *result* the ``(typ, data)``
and *error* None, or *result* None and *error* a pair of exception class and text, a str whose
``error`` is the exception itself.

Each raises ``error`` for a command that the state forbids, for arguments that can't be sent and for
an answer BAD, and ``abort`` when the connection is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from . import _auth
from ._checks import check_callable, seconds
from ._errors import InvalidArgument, UnusableArgument, error, printable
from ._hints import TYPE_CHECKING, Any, cast, overload
from ._idler import Idler
from ._issuing import Issuer
from ._protocol import commands
from ._protocol.arguments import Password, Secret, split_list_options
from ._protocol.command import Idle
from ._protocol.commands import find
from ._protocol.values import plain_value
from ._settings import idle_timeout
from ._threads.pending import Callback, Outcome, Pending
from ._types import LATER, UNSET, Count, Items, Lines, Login, MessageSet, Parts, Result, Text

if TYPE_CHECKING:
    from ._auth import Authenticator


class CommandMethods(Issuer):
    """A method for each command, but for STARTTLS and COMPRESS (`Upgrades`), and LOGOUT."""

    # -- Any state (RFC 3501, section 6.1) ------------------------------------------------------

    def capability(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Ask for the server's capabilities (RFC 3501, section 6.1.1)."""
        return self._call("CAPABILITY", callback=callback, cb_arg=cb_arg)

    def noop(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Lines:
        """Do nothing; the server may send news (RFC 3501, section 6.1.2)."""
        return self._call("NOOP", callback=callback, cb_arg=cb_arg)

    def id(
        self,
        *args: Any,
        fields: Mapping[str, str | None] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Tell the server the client's name, and get the server's (RFC 2971).

        *fields* is a mapping of str to str or None. Instead, *args* may be that mapping; or names
        and values in turn; or one str, the parenthesised list itself; or nothing.
        """
        from ._late import id_parameters

        parameters = id_parameters(args if fields is None else (fields,))
        return self._call("ID", parameters, callback=callback, cb_arg=cb_arg)

    # -- Not authenticated (RFC 3501, section 6.2) ----------------------------------------------

    def authenticate(
        self,
        mechanism: str,
        authobject: Authenticator,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Lines:
        """Log in by a SASL *mechanism* (RFC 3501, section 6.2.2).

        ``authobject(challenge)`` gets each challenge as bytes, decoded, and returns the response
        as bytes or str, or None to cancel. Raises ``error`` with the server's text on NO.
        """
        return self._authenticate((plain_value(mechanism).upper(),), authobject, callback, cb_arg)

    def login(
        self,
        user: Text,
        password: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Login:
        """Log in by a password, which is always quoted (RFC 3501, section 6.2.3).

        Raises ``error`` with the server's text on NO, and without sending anything when the
        server lists LOGINDISABLED, as many do before ``starttls()``.
        """
        outcome = self._call(
            "LOGIN", user, Password(password),
            callback=callback, cb_arg=cb_arg, finish=_finish_login,
        )  # fmt: skip
        return cast(Login, outcome)

    def login_cram_md5(
        self,
        user: str,
        password: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by CRAM-MD5, which doesn't show the password (RFC 2195). Raises as `login`."""
        authenticator = _auth.cram_md5(user, password)
        return self._authenticate(("CRAM-MD5",), authenticator, callback, cb_arg)

    def login_plain(
        self,
        user: str,
        password: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Log in by PLAIN (RFC 4616), in UTF-8; in one round trip where SASL-IR is offered.

        Raises as `login`.
        """
        message = _auth.plain(user, password)
        arguments: tuple[Any, ...] = ("PLAIN",)
        if "SASL-IR" in self.capabilities and not self._sends_elsewhere():  # RFC 4959
            arguments += (Secret(_auth.encode(message)),)
        return self._authenticate(arguments, _auth.Message(message), callback, cb_arg)

    def _authenticate(
        self,
        arguments: Sequence[Any],
        authenticator: Authenticator,
        callback: Callback | None,
        cb_arg: Any,
    ) -> Result:
        return self._call(
            "AUTHENTICATE", *arguments, callback=callback, cb_arg=cb_arg,
            finish=_finish_login, authenticator=authenticator,
        )  # fmt: skip

    # -- Authenticated (RFC 3501, section 6.3) --------------------------------------------------

    def select(
        self,
        mailbox: Text = "INBOX",
        readonly: bool = False,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Count:
        """Select a mailbox; returns its number of messages (RFC 3501, section 6.3.1).

        All earlier untagged responses are dropped. *readonly* makes it EXAMINE. Raises
        ``readonly`` when the server gives less than was asked for; the mailbox is selected then.
        When it fails, none is; and what was issued behind it, for that mailbox, fails with an
        ``error`` instead of being done in another one.
        """
        name = "EXAMINE" if readonly else "SELECT"
        return self._call(name, mailbox, callback=callback, cb_arg=cb_arg)

    def examine(
        self, mailbox: Text = "INBOX", *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Select a mailbox for reading only (RFC 3501, section 6.3.2), as ``select`` does."""
        options = {} if callback is None else {"callback": callback, "cb_arg": cb_arg}
        return self.select(mailbox, readonly=True, **options)

    def create(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Create a mailbox (RFC 3501, section 6.3.3)."""
        return self._call("CREATE", mailbox, callback=callback, cb_arg=cb_arg)

    def delete(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Delete a mailbox (RFC 3501, section 6.3.4)."""
        return self._call("DELETE", mailbox, callback=callback, cb_arg=cb_arg)

    def rename(
        self,
        oldmailbox: Text,
        newmailbox: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Rename a mailbox (RFC 3501, section 6.3.5)."""
        return self._call("RENAME", oldmailbox, newmailbox, callback=callback, cb_arg=cb_arg)

    def subscribe(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Subscribe to a mailbox (RFC 3501, section 6.3.6)."""
        return self._call("SUBSCRIBE", mailbox, callback=callback, cb_arg=cb_arg)

    def unsubscribe(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Unsubscribe from a mailbox (RFC 3501, section 6.3.7)."""
        return self._call("UNSUBSCRIBE", mailbox, callback=callback, cb_arg=cb_arg)

    def list(
        self,
        directory: Text = '""',
        pattern: Text = "*",
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Parts:
        """List mailboxes that match *pattern* below *directory* (RFC 3501, section 6.3.8).

        Options (RFC 5258) may stand before the one and behind the other: ``'(SUBSCRIBED) ""'``,
        ``'* RETURN (CHILDREN)'``. What they bring besides is there for ``response``: with
        ``RETURN (STATUS (MESSAGES))``, ``response('STATUS')``.
        """
        arguments = split_list_options(directory, pattern)
        return self._call("LIST", *arguments, callback=callback, cb_arg=cb_arg)

    def lsub(
        self,
        directory: Text = '""',
        pattern: Text = "*",
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """List subscribed mailboxes (RFC 3501, section 6.3.9)."""
        return self._call("LSUB", directory, pattern, callback=callback, cb_arg=cb_arg)

    def status(
        self,
        mailbox: Text,
        names: Items,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Ask for counts of a mailbox: MESSAGES, UNSEEN, ... (RFC 3501, section 6.3.10)."""
        return self._call("STATUS", mailbox, names, callback=callback, cb_arg=cb_arg)

    def namespace(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Ask for the namespaces (RFC 2342)."""
        return self._call("NAMESPACE", callback=callback, cb_arg=cb_arg)

    def enable(
        self, capability: str, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Enable extensions, for instance ``'UTF8=ACCEPT'`` (RFC 5161).

        ``utf8_enabled`` tells whether the server has. Commands that are issued behind it are
        encoded for what its answer makes of the connection. Raises ``error`` when the server
        doesn't offer ENABLE.
        """
        if "ENABLE" not in self.capabilities:
            raise self._refused(error("Server does not support ENABLE"), "ENABLE")
        return self._call("ENABLE", capability, callback=callback, cb_arg=cb_arg)

    def proxyauth(
        self, user: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Act as *user*; for administrators (an extension of Netscape's server)."""
        return self._call("PROXYAUTH", user, callback=callback, cb_arg=cb_arg)

    def getacl(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for a mailbox's access control list (RFC 4314, section 3.3)."""
        return self._call("GETACL", mailbox, callback=callback, cb_arg=cb_arg)

    def setacl(
        self,
        mailbox: Text,
        who: Text,
        what: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Give *who* the rights *what* on a mailbox (RFC 4314, section 3.1)."""
        return self._call("SETACL", mailbox, who, what, callback=callback, cb_arg=cb_arg)

    def deleteacl(
        self, mailbox: Text, who: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Take all rights on a mailbox from *who* (RFC 4314, section 3.2)."""
        return self._call("DELETEACL", mailbox, who, callback=callback, cb_arg=cb_arg)

    def myrights(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for the own rights on a mailbox (RFC 4314, section 3.5)."""
        return self._call("MYRIGHTS", mailbox, callback=callback, cb_arg=cb_arg)

    def getquota(
        self, root: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for a quota root's usage and limits (RFC 9208, section 4.1.1)."""
        return self._call("GETQUOTA", root, callback=callback, cb_arg=cb_arg)

    def getquotaroot(
        self, mailbox: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for a mailbox's quota roots; ``[[QUOTAROOT...], [QUOTA...]]`` (RFC 9208, 4.1.2)."""
        return self._call("GETQUOTAROOT", mailbox, callback=callback, cb_arg=cb_arg)

    def setquota(
        self, root: Text, limits: Text, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Set a quota root's limits, such as ``'(STORAGE 512)'`` (RFC 9208, section 4.1.3)."""
        return self._call("SETQUOTA", root, limits, callback=callback, cb_arg=cb_arg)

    def getannotation(
        self,
        mailbox: Text,
        entry: Text,
        attribute: Text,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Ask for annotations (draft-daboo-imap-annotatemore)."""
        return self._call(
            "GETANNOTATION", mailbox, entry, attribute, callback=callback, cb_arg=cb_arg
        )

    def setannotation(
        self,
        mailbox: Text | None = None,
        *args: Any,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Set annotations: *args* are entry and attributes (draft-daboo-imap-annotatemore)."""
        return self._call("SETANNOTATION", mailbox, *args, callback=callback, cb_arg=cb_arg)

    def getmetadata(
        self, *args: Any, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Ask for metadata: options in parentheses or none, mailbox, entries (RFC 5464, 4.2)."""
        return self._call("GETMETADATA", *args, callback=callback, cb_arg=cb_arg)

    def setmetadata(
        self, *args: Any, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Set metadata: mailbox, ``'(entry value ...)'`` (RFC 5464, section 4.3)."""
        return self._call("SETMETADATA", *args, callback=callback, cb_arg=cb_arg)

    # -- Selected (RFC 3501, section 6.4) -------------------------------------------------------

    def check(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Have the server do its housekeeping (RFC 3501, section 6.4.1)."""
        return self._call("CHECK", callback=callback, cb_arg=cb_arg)

    def close(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Leave the mailbox and expunge deleted messages (RFC 3501, section 6.4.2)."""
        return self._call("CLOSE", callback=callback, cb_arg=cb_arg)

    def unselect(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """Leave the mailbox without expunging (RFC 3691)."""
        return self._call("UNSELECT", callback=callback, cb_arg=cb_arg)

    def expunge(
        self,
        message_set: MessageSet | None = None,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Remove deleted messages; returns their numbers (RFC 3501, section 6.4.3).

        With *uid*, only those whose UIDs are in *message_set* (RFC 4315, section 2.1).
        """
        if uid != (message_set is not None):
            text = "EXPUNGE takes a message set with uid=True, and only then"
            raise self._refused(UnusableArgument(text), "EXPUNGE")
        arguments = () if message_set is None else (message_set,)
        return self._call("EXPUNGE", *arguments, uid=uid, callback=callback, cb_arg=cb_arg)

    def search(
        self,
        charset: str | None,
        *criteria: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Search; returns message numbers (or UIDs) in one bytes (RFC 3501, section 6.4.4).

        *criteria* are a search program, whole or in parts: ``'(FROM "a" UNSEEN)'``, or
        ``'SUBJECT', 'hello world'``. *charset* is declared for them, and used to encode str.
        *params* replace ``?`` in them: see `uid`.
        """
        declared = ("CHARSET", charset) if charset else ()
        return self._call(
            "SEARCH", *declared, *criteria,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def sort(
        self,
        sort_criteria: Items,
        charset: str | None,
        *search_criteria: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Search, and sort what is found by *sort_criteria*, ``'(DATE)'`` (RFC 5256, 3)."""
        return self._call(
            "SORT", sort_criteria, charset, *search_criteria,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def thread(
        self,
        threading_algorithm: str,
        charset: str | None,
        *search_criteria: Any,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Search, and group what is found into threads (RFC 5256, section 3)."""
        return self._call(
            "THREAD", threading_algorithm, charset, *search_criteria,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def fetch(
        self,
        message_set: MessageSet,
        message_parts: Items,
        *,
        uid: bool = False,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Parts:
        """Fetch parts of messages, such as ``'(FLAGS BODY.PEEK[])'`` (RFC 3501, section 6.4.5).

        What the server tells of other messages meanwhile is there for ``response('FETCH')``.
        """
        return self._call(
            "FETCH", message_set, message_parts,
            uid=uid, params=params, callback=callback, cb_arg=cb_arg,
        )  # fmt: skip

    def partial(
        self,
        message_num: MessageSet,
        message_part: str,
        start: int | str,
        length: int | str,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Fetch a range of a message part; obsolete (RFC 1730, section 6.4.6)."""
        return self._call(
            "PARTIAL", message_num, message_part, start, length, callback=callback, cb_arg=cb_arg
        )

    def store(
        self,
        message_set: MessageSet,
        command: str,
        flags: Items,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Change flags: *command* is FLAGS, +FLAGS or -FLAGS (RFC 3501, section 6.4.6)."""
        if cast(Any, flags) is None:
            text = "STORE: flags are None, and can't be left out"
            raise self._refused(UnusableArgument(text), "STORE")
        return self._call(
            "STORE", message_set, command, flags, uid=uid, callback=callback, cb_arg=cb_arg
        )

    def copy(
        self,
        message_set: MessageSet,
        new_mailbox: Text,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Copy messages to another mailbox (RFC 3501, section 6.4.7)."""
        return self._call(
            "COPY", message_set, new_mailbox, uid=uid, callback=callback, cb_arg=cb_arg
        )

    def move(
        self,
        message_set: MessageSet,
        new_mailbox: Text,
        *,
        uid: bool = False,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """Move messages to another mailbox (RFC 6851)."""
        return self._call(
            "MOVE", message_set, new_mailbox, uid=uid, callback=callback, cb_arg=cb_arg
        )

    def uid(
        self,
        command: str,
        *args: Any,
        params: Sequence[Any] | None = None,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result:
        """A command with UIDs instead of message numbers (RFC 3501, section 6.4.8).

        *command* is FETCH, STORE, COPY, MOVE, SEARCH, SORT, THREAD or EXPUNGE. In *args*, *params*
        replace, in turn, ``?`` (a str or bytes, quoted, or a number), ``?f`` (flags), ``?s`` (a
        message set); ``??`` is a question mark.
        """
        name = plain_value(command).upper()
        if name not in commands.UID_COMMANDS and name not in commands.Commands:
            raise self._refused(InvalidArgument(f"Unknown IMAP4 UID command: {name}"), "UID")
        # As imaplib has it.
        finish = _finish_without_data if name in ("COPY", "MOVE", "EXPUNGE") else None
        return self._call(
            name, *args, uid=True, params=params, callback=callback, cb_arg=cb_arg,
            finish=finish, leaves_data=finish is not None,
        )  # fmt: skip

    # -- Experimental (RFC 3501, section 6.5), and IDLE (RFC 2177) -------------------------------

    def xatom(
        self, name: str, *args: Any, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """Any command; returns the text of its tagged response (RFC 3501, section 6.5.1).

        Its untagged data is there for ``response(name)``. Arguments may also stand in *name*; they
        go out as they are.
        """
        name, _, rest = plain_value(name).partition(" ")
        try:
            find(name.upper())
            if rest:
                from ._late import written_out

                args = (written_out(name, rest), *args)
        except InvalidArgument as problem:
            raise self._refused(problem, name.upper()) from None
        # A replaced one, written for imaplib, takes no more than it gets from there.
        options = {} if callback is None else {"callback": callback, "cb_arg": cb_arg}
        return self._simple_command(name.upper(), *args, **options)

    @overload
    def idle(self, *, duration: float | None) -> Idler: ...

    @overload
    def idle(
        self,
        timeout: float | None = None,
        *,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result: ...

    def idle(
        self,
        timeout: float | None = None,
        *,
        duration: float | None = UNSET,
        callback: Callback | None = None,
        cb_arg: Any = None,
    ) -> Result | Idler:
        """Wait for news of the mailbox (RFC 2177).

        Blocks until the server reports a change, *timeout* seconds have passed, or any thread
        issues another command; then ends the IDLE and returns its ``(typ, data)``. The default of
        *timeout* is ``imaplib2.IDLE_TIMEOUT``, 29 minutes unless it is set to something else. What
        lasts longer than that is renewed as often: that keeps it alive, and tells whether the
        server is there.
        What has come is there for ``response`` and ``pop_untagged_responses``; after a time-out,
        ``response('IDLE')`` is ``('IDLE', [b'TIMEOUT'])``. With *callback*, returns at once.

        With *duration*, in seconds or None, returns a context manager and iterator over what
        happens instead: ``with M.idle(duration=60) as idler: for typ, data in idler: ...``.

        Raises ``error`` when the server doesn't offer IDLE, and TypeError when *duration* comes
        with *timeout* or *callback*.
        """
        if duration is not UNSET and (timeout is not None or callback is not None):
            raise TypeError("idle: duration goes with neither timeout nor callback")
        timeout = seconds("timeout", timeout)
        if duration is not UNSET:
            duration = seconds("duration", duration)
        if "IDLE" not in self.capabilities:
            raise self._refused(error("Server does not support IMAP4 IDLE"), "IDLE")
        longest = idle_timeout()
        if duration is not UNSET:
            return self._make_idler(Idle(None, longest), duration)
        span = longest if timeout is None else max(0.0, timeout)
        return self._call("IDLE", callback=callback, cb_arg=cb_arg, idle=Idle(span, longest))

    # -- Untagged responses ---------------------------------------------------------------------

    def response(
        self, code: str, *, callback: Callback | None = None, cb_arg: Any = None
    ) -> Result:
        """All data of an untagged response or response code since the last look.

        Returns ``(code, [data, ...])``, ``(code, [None])`` when there is none.
        """
        if callback is None:
            return code, self._take_untagged(code.upper()) or [None]
        check_callable("callback", callback)
        engine = self._running_engine()
        engine.check_can_wait("response")
        result = code, self._take_untagged(code.upper()) or [None]
        engine.call_back(Pending(None, callback, cb_arg), result)
        return LATER

    def recent(self, *, callback: Callback | None = None, cb_arg: Any = None) -> Result:
        """What the server said of RECENT since the last look; asks it when that is nothing.

        With *callback*, asks it anyway.
        """
        if callback is not None:
            finish = self._finish_recent
            return self._call("NOOP", callback=callback, cb_arg=cb_arg, finish=finish)
        data = self._take_untagged("RECENT")
        return ("OK", data) if data else self._finish_recent(*self.noop())

    def pop_untagged_responses(self) -> Iterator[Result]:
        """Take the untagged responses that no command has collected, in the order of arrival.

        Those that come meanwhile, and those that are not asked for, stay.
        """
        for _ in range(len(self.untagged_responses)):
            entry = self._locked(lambda core: core.untagged.take_first())
            if entry is None:
                return
            yield entry[0], entry[1]

    def _finish_recent(self, typ: str, data: Sequence[Any]) -> Result:
        if typ == "NO":
            return typ, [*data]
        return typ, self._take_untagged("RECENT") or [None]


def _finish_without_data(typ: str, data: Sequence[Any]) -> Outcome:
    return typ, [None] if typ == "OK" else data


def _finish_login(typ: str, data: Sequence[Any]) -> Outcome:
    if typ != "OK":
        raise error(printable(data[-1]))
    return typ, data
