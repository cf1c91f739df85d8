"""What IMAPClient up to 3.x does by hand: it has classes of its own, with send, read and readline.

With TLS, its default, all of them are used; behind STARTTLS it makes the socket. See steps.py.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.conformance.steps import SECONDS, Account, Program, failure

if TYPE_CHECKING or __name__ == "__main__":
    from imapclient import IMAPClient  # type: ignore

PROGRAM = Program()

FIRST = b"Subject: one\r\nMessage-ID: <1@example.org>\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
SECOND = b"Subject: two\r\nMessage-ID: <2@example.org>\r\n\r\n" + b"x" * 70 + b"\r\n"


def plain(account: Account) -> IMAPClient:
    """Connected without TLS."""
    return IMAPClient(account.host, account.port, ssl=False, timeout=SECONDS)


def safe(account: Account) -> IMAPClient:
    """Connected with TLS from the start."""
    context = ssl.create_default_context(cafile=account.ca_file)
    return IMAPClient(account.host, account.tls_port, ssl_context=context, timeout=SECONDS)


def secured(account: Account) -> IMAPClient:
    """Connected with TLS by STARTTLS."""
    c = plain(account)
    c.starttls(ssl.create_default_context(cafile=account.ca_file))
    return c


class Given(NamedTuple):
    """What a session's steps get: a client that is about to log in, and one that makes news."""

    c: IMAPClient
    other: IMAPClient
    account: Account


@contextmanager
def opened(connect: Callable[[Account], IMAPClient], account: Account) -> Iterator[Given]:
    """The clients of a session."""
    with connect(account) as c, plain(account) as other:
        other.login(account.user, account.password)
        other.append("INBOX", FIRST)
        yield Given(c, other, account)


def is_encrypted(given: Given) -> Any:
    return isinstance(given.c.socket(), ssl.SSLSocket)


def login(given: Given) -> Any:
    c, _, account = given
    early = failure(c.select_folder, "INBOX")
    c.login(account.user, account.password)
    c.capabilities()  # which it wants to know before it sends literals
    return early.partition(":")[0], c.has_capability("IDLE")


def folders(given: Given) -> Any:
    c = given.c
    c.create_folder("Entw\xfcrfe")
    names = sorted(name for _, _, name in c.list_folders())
    return names, c.folder_exists("nowhere"), c.folder_status("INBOX", ["MESSAGES"])


def select(given: Given) -> Any:
    return given.c.select_folder("INBOX")[b"EXISTS"]


def append(given: Given) -> Any:
    c = given.c
    c.append("INBOX", SECOND, [b"\\Seen"])
    return c.noop()[1]


def search(given: Given) -> Any:
    c = given.c
    return [*c.search()], [*c.search(["SUBJECT", "one"])], [*c.search(["NOT", "DELETED", "1:2"])]


def search_by_literal(given: Given) -> Any:
    c = given.c
    return [*c.search(["BODY", "Gr\xfc\xdfe"], "UTF-8")], [*c.search(["BODY", "nix\xf6"], "UTF-8")]


def sort_and_thread(given: Given) -> Any:
    c = given.c
    return [*c.sort("REVERSE SUBJECT")], c.thread("REFERENCES")


def fetch(given: Given) -> Any:
    c = given.c
    data = c.fetch([1, 2], ["BODY.PEEK[]", "FLAGS"])
    return [(number, data[number][b"BODY[]"]) for number in sorted(data)]


def change(given: Given) -> Any:
    c = given.c
    return c.add_flags(1, b"\\Flagged"), c.remove_flags(2, b"\\Seen"), c.copy([1], "Entw\xfcrfe")


def mistakes(given: Given) -> Any:
    c = given.c
    problems = failure(c.search, "NONSENSE"), failure(c.copy, [1], "nowhere")
    return [problem.partition(":")[0] for problem in problems], [*c.search("ALL")]


def idle_and_nothing_happens(given: Given) -> Any:
    c = given.c
    c.idle()
    news = c.idle_check(timeout=0), c.idle_check(timeout=0.05)
    return news, c.idle_done()


def idle_and_something_happens(given: Given) -> Any:
    """IDLE's news come by themselves, with the continuation, or with the answer."""
    c, other, _ = given
    c.idle()
    other.append("INBOX", FIRST)
    news = c.idle_check(timeout=SECONDS)
    text, rest = c.idle_done()
    return text, sorted({(number, typ) for number, typ, *_ in news + rest if typ == b"EXISTS"})


def idle_again_and_again(given: Given) -> Any:
    c = given.c
    return [(c.idle(), c.idle_check(timeout=0.01), c.idle_done()[0])[2] for _ in range(8)]


def expunge(given: Given) -> Any:
    c = given.c
    c.delete_messages([2])
    c.expunge()
    return [*c.search()], c.close_folder()


def logout(given: Given) -> Any:
    return given.c.logout()


STEPS = [
    is_encrypted, login, folders, select, append, search, search_by_literal, sort_and_thread,
    fetch, change, mistakes, idle_and_nothing_happens, idle_and_something_happens,
    idle_again_and_again, expunge, logout,
]  # fmt: skip

for _name, _connect in (("TLS", safe), ("STARTTLS", secured), ("plain", plain)):
    _session = PROGRAM.session(_name, partial(opened, _connect))
    for _step in STEPS:
        _session.step(_step)


if __name__ == "__main__":
    PROGRAM.run()
