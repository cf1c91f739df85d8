"""What the live tests share: ways to connect, messages that are hard to read, waiting."""

from __future__ import annotations

import base64
import queue
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

from .courier import Courier
from .cyrus import Cyrus
from .dovecot import Dovecot
from .server import PASSWORD, Server, Traits

TIMEOUT = 30.0
"""Seconds for whatever is expected to happen at once."""

# Ways to connect

Connect = Callable[[Server, str], IMAP4]
"""Gives a connection on which a user is logged in."""


def plain(server: Server, user: str) -> IMAP4:
    """Over TCP."""
    return _logged_in(IMAP4(server.host, server.port, TIMEOUT), user)


def tls(server: Server, user: str) -> IMAP4:
    """Over TLS from the start."""
    M = IMAP4_SSL(server.host, server.tls_port, ca_certs=server.ca_file, timeout=TIMEOUT)
    return _logged_in(M, user)


def starttls(server: Server, user: str) -> IMAP4:
    """Over TCP that changes to TLS."""
    M = IMAP4(server.host, server.port, TIMEOUT)
    M.starttls(ca_certs=server.ca_file)
    return _logged_in(M, user)


def stream(server: Server, user: str) -> IMAP4_stream:
    """Over the pipes of a child process, which is logged in from the start."""
    return IMAP4_stream(server.preauth_command(user), timeout=TIMEOUT)


def compressed(connect: Connect) -> Connect:
    """Over another transport, compressed."""

    def connect_compressed(server: Server, user: str) -> IMAP4:
        M = connect(server, user)
        ok(M.enable_compression())
        return M

    connect_compressed.__name__ = f"{connect.__name__}-compressed"
    return connect_compressed


SERVERS: dict[str, type[Server]] = {"dovecot": Dovecot, "cyrus": Cyrus, "courier": Courier}
"""The real servers, by the names of their fixtures."""


def with_servers(condition: Callable[[Traits], object]) -> pytest.MarkDecorator:
    """Run a test with those servers only that have a certain trait."""
    names = [name for name, kind in SERVERS.items() if condition(kind.traits)]
    return pytest.mark.parametrize("server", names, indirect=True)


def with_each(
    argument: str, values: Callable[[type[Server]], Iterable[Any]]
) -> pytest.MarkDecorator:
    """Run a test with each server, and each value that this server has for an *argument*."""
    return pytest.mark.parametrize(
        ("server", argument),
        [
            pytest.param(name, value, id=f"{name}-{getattr(value, '__name__', value)}")
            for name, kind in SERVERS.items()
            for value in values(kind)
        ],
        indirect=["server"],
    )


def _transports(kind: type[Server]) -> Iterator[Connect]:
    for connect in (plain, tls, starttls, stream):
        if connect is stream and not kind.traits.has_preauth:
            continue
        yield connect
        if "COMPRESS=DEFLATE" in kind.traits.extensions:
            yield compressed(connect)


def _different_transports(kind: type[Server]) -> list[Connect]:
    """The simplest, and the one of most parts, unless a test takes seconds there."""
    return [plain] if kind.traits.is_slow else [plain, [*_transports(kind)][-1]]


over_all_transports = with_each("connect", _transports)
over_different_transports = with_each("connect", _different_transports)


def _logged_in(M: IMAP4, user: str) -> IMAP4:
    M.login(user, PASSWORD)
    return M


# Answers


def ok(answer: tuple[str, Any]) -> Any:
    """The data of an *answer*, which must be OK."""
    typ, data = answer
    assert typ == "OK", answer
    return data


def assert_unknown(server: Server, call: Callable[[], tuple[str, Any]]) -> None:
    """*call* fails as a command that a server doesn't know does."""
    if server.traits.unknown_type == "BAD":
        with pytest.raises(IMAP4.error, match=server.traits.unknown_command) as caught:
            call()
        assert not isinstance(caught.value, IMAP4.abort)
    else:
        typ, (text,) = call()
        assert typ == "NO"
        assert re.search(server.traits.unknown_command, text.decode())


def without_times(answer: Any) -> Any:
    """*answer* without what differs each time: how long Dovecot says it has worked."""
    if isinstance(answer, bytes):
        return re.sub(rb" \([0-9.]+ \+ [^)]* secs\)", b"", answer)
    if isinstance(answer, (list, tuple)):
        return type(answer)(map(without_times, answer))
    return answer


def count(M: IMAP4, mailbox: str, item: str = "MESSAGES") -> int:
    """What STATUS says of a mailbox."""
    (line,) = ok(M.status(mailbox, f"({item})"))
    found = re.search(rb"\(%b (\d+)\)$" % item.encode(), line)
    assert found is not None, line
    return int(found[1])


def numbers(answer: tuple[str, Any]) -> list[int]:
    """The message numbers that SEARCH or SORT gave."""
    (line,) = ok(answer)
    return [int(number) for number in line.split()]


def mailbox_names(answer: tuple[str, Any]) -> set[str]:
    """The decoded names that LIST or LSUB gave, without those that only have others below them."""
    items = [item for item in ok(answer) if item not in (None, b"")]
    return {_mailbox_name(item) for item in items if rb"\Noselect" not in item[:20]}


def plain_text(data: Iterable[Any]) -> bytes:
    """The data of a response in one piece, with literals as quoted strings."""
    return b"".join(_plain_text(item) for item in data)


def _plain_text(item: Any) -> bytes:
    if isinstance(item, tuple):
        return re.sub(rb"\{\d+\}$", b'"%b"' % item[1], item[0])
    return bytes(item)


def _mailbox_name(item: bytes | tuple[bytes, bytes]) -> str:
    if isinstance(item, tuple):
        return _decoded(item[1])
    found = re.fullmatch(rb'\([^)]*\) (?:"(?:[^"\\]|\\.)"|NIL) (.+)', item)
    assert found is not None, item
    name = found[1]
    return _decoded(re.sub(rb"\\(.)", rb"\1", name[1:-1]) if name[:1] == b'"' else name)


def _decoded(name: bytes) -> str:
    """Modified UTF-7 (RFC 3501, 5.1.3) as text."""

    def shifted(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        text = found[1].replace(",", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be")

    return re.sub("&([^-]*)-", shifted, name.decode("ascii"))


class Replies:
    """A callback that keeps what it is called with, for `wait`."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __call__(self, *reply: Any) -> None:
        self._queue.put(reply)

    def wait(self, count: int) -> list[Any]:
        """The next *count* arguments; each call must have had one."""
        replies = [self._queue.get(timeout=TIMEOUT) for _ in range(count)]
        assert all(len(reply) == 1 for reply in replies)
        return [reply for (reply,) in replies]

    def __bool__(self) -> bool:
        """Whether there are some that nobody has waited for."""
        return not self._queue.empty()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what no event tells of."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


# Messages

MESSAGES = range(1, 2001)
"""The numbers of the messages of a large mailbox."""

_PITFALLS = (
    b"* OK [UIDNEXT 1] this is no response",
    b"* 1 FETCH (FLAGS () BODY[] {3}",
    b"A1 OK this is no tagged response",
    b"+ go ahead",
    b")",
    b"",
    b".",
    b"a { b } c {10}",
    b"~{10+}",
    b'"quoted \\" text\\\\"',
    b"\tcontrols \x01\x08\x0b\x0c\x1b\x7f",
    bytes(range(0x80, 0x100)),
)


def message(number: int, size: int | None = None) -> bytes:
    """A message that nothing of another can be mistaken for.

    *size* is by default 1 KB to 2 MB: logarithmically distributed, with most of them small, so
    that `MESSAGES` take 49 MB.
    """
    if size is None:
        place = (number * 1117 % len(MESSAGES)) / (len(MESSAGES) - 1)
        size = int(1024 * 2048 ** (place**14))
    lines = [b"Subject: message %d" % number, b"From: %d@example.org" % number, b"", *_PITFALLS]
    text = b"\r\n".join(lines)
    if len(text) < size:
        text += b"".join(_numbered_line(number, line) for line in range(1 + size // 70))
    return text[:size].removesuffix(b"\r")  # whose pair was cut off


def _numbered_line(number: int, line: int) -> bytes:
    filling = b" one line of a message," * (2 if line % 50 else 300)
    return b"\r\nmessage %d, line %d:%b and so on" % (number, line, filling)


def fill(M: IMAP4, mailbox: str, which: Iterable[int], size: int | None = None) -> None:
    """Append messages, without waiting for each unless that is what makes it slow."""
    replies = Replies()
    which = list(which)
    if "LITERAL+" not in M.capabilities:
        # Courier's answer to one and its "+" to the next are two segments, and in plain TCP the
        # second one is held back until the first one has been acknowledged: after 40 ms.
        for number in which:
            ok(M.append(mailbox, None, None, message(number, size)))
        return
    for number in which:
        M.append(mailbox, None, None, message(number, size), callback=replies, cb_arg=number)
    for result, number, problem in replies.wait(len(which)):
        assert problem is None, (number, problem)
        ok(result)
