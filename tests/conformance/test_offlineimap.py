"""OfflineIMAP, which is written for the historical imaplib2, syncs mail with this package.

It runs as its users run it, in a process of its own, between a Maildir and Dovecot.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import imaplib
import itertools
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

import imaplib2

from ..live.dovecot import Dovecot
from ..live.helpers import wait_until
from ..live.server import PASSWORD
from ..needs import need_package
from ..server import scripted
from ..server.helpers import Serve
from ..server.scripted import Command, Peer, Proxy, Session, mailbox

SECONDS = 40.0
"""How long a run may take that takes less than one."""

RELAY = Path(__file__).with_name("relay.py")

# The program's own entry point, once it is certain that it will use the package under test. By
# itself it would look for signals once in ten seconds.
START = """
import sys, time, imaplib2
assert imaplib2.__file__ == sys.argv.pop(1), imaplib2.__file__
from offlineimap.init import main
from offlineimap.ui.UIBase import UIBase
UIBase.sleeping = lambda self, seconds, remaining: time.sleep(seconds / 100)
sys.exit(main())
"""

CONFIGURATION = """
[general]
accounts = Test
metadata = {home}/metadata
fsync = no
[Account Test]
localrepository = Local
remoterepository = Remote
{account}
[Repository Local]
type = Maildir
localfolders = {home}/mail
sep = /
[Repository Remote]
type = IMAP
{remote}
"""


@pytest.fixture(autouse=True)
def _installed() -> None:
    """These tests are OfflineIMAP's."""
    need_package("offlineimap")


# Both sides of an account


class Mail(NamedTuple):
    """A message as both sides have it, with LF line ends."""

    text: bytes
    flags: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Short enough to be read where an assertion has failed."""
        subject = self.text.partition(b"Subject: ")[2].partition(b"\n")[0].decode()
        return f"<{subject} {_letters(self.flags)} {hashlib.sha1(self.text).hexdigest()[:8]}>"


Mailboxes: TypeAlias = "dict[str, set[Mail]]"

FLAGS = {"D": r"\Draft", "F": r"\Flagged", "R": r"\Answered", "S": r"\Seen", "T": r"\Deleted"}
"""What the letters at the end of a Maildir file's name mean."""


def mail(subject: str, letters: str = "", lines: int = 3) -> Mail:
    """A message with what is hard to transport, and the flags of these *letters*."""
    header = f"From: a@example.org\nSubject: {subject}\nMessage-ID: <{subject}@example.org>\n"
    header += "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    header += "Content-Transfer-Encoding: 8bit\n\n"
    body = f"{subject}: Grüße, 日本, ☃\n* 1 FETCH (FLAGS ()\n)\nFrom here\n.\n\nA1 OK {{10}}\n"
    text = header + body + "another line of 32 characters...\n" * lines
    return Mail(text.encode(), frozenset(FLAGS[letter] for letter in letters))


def big(subject: str) -> Mail:
    """A message of 320 KB."""
    return mail(subject, "S", 10_000)


class Remote:
    """The account on the server, looked at with the standard library's ``imaplib``."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self._connection = imaplib.IMAP4(server.host, server.port, timeout=SECONDS)
        self._connection.login(user, PASSWORD)

    def close(self) -> None:
        self._connection.logout()

    def create(self, name: str) -> None:
        _ok(self._connection.create(_quoted(name)))

    def add(self, name: str, *mails: Mail) -> None:
        for text, flags in mails:
            crlf = text.replace(b"\n", b"\r\n")
            _ok(self._connection.append(_quoted(name), f"({' '.join(flags)})", "", crlf))

    def store(self, name: str, subject: str, change: str) -> None:
        """Change the flags of the message with this subject; one that is deleted is expunged."""
        _ok(self._connection.select(_quoted(name)))
        (number,) = _ok(self._connection.search(None, "SUBJECT", f'"{subject}"'))[0].split()
        item, flag = change[0] + "FLAGS", f"({change[1:]})"
        _ok(self._connection.store(number.decode(), item, flag))
        _ok(self._connection.close())

    def fill(self, mailboxes: Mailboxes) -> None:
        for name, mails in mailboxes.items():
            if name != "INBOX":
                self.create(name)
            self.add(name, *mails)

    def names(self) -> list[str]:
        lines = _ok(self._connection.list())
        return [_unquoted(line.decode().partition(' "/" ')[2]) for line in lines]

    def mailboxes(self) -> Mailboxes:
        """All that there is, without the mailboxes that the server makes by itself."""
        found = {name: self._mails(name) for name in self.names()}
        return {name: mails for name, mails in found.items() if name not in OWN or mails}

    def _mails(self, name: str) -> set[Mail]:
        exists = _ok(self._connection.select(_quoted(name), readonly=True))
        if exists == [b"0"]:
            return set()
        data = _ok(self._connection.fetch("1:*", "(FLAGS BODY.PEEK[])"))
        found = [_fetched(*item) for item in data if isinstance(item, tuple)]
        assert len(found) == len(set(found)) == int(exists[0])
        return set(found)

    def state(self) -> list[tuple[object, ...]]:
        """What changes whenever anything is done to the account."""
        return [(name, *self._state(name)) for name in self.names()]

    def _state(self, name: str) -> tuple[object, ...]:
        status = _ok(self._connection.status(_quoted(name), "(UIDNEXT UIDVALIDITY MESSAGES)"))
        _ok(self._connection.select(_quoted(name), readonly=True))
        uids = _ok(self._connection.uid("SEARCH", "ALL"))
        return (*status, *uids, self._mails(name))


OWN = {"Drafts", "Sent", "Junk", "Trash"}
"""The mailboxes that the server creates."""


def _ok(answer: tuple[str, Any]) -> Any:
    typ, data = answer
    assert typ == "OK", answer
    return data


def _quoted(name: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def _fetched(header: bytes, text: bytes) -> Mail:
    flags = re.search(rb"FLAGS \(([^)]*)\)", header)
    assert flags is not None
    known = set(flags[1].decode().split()) & set(FLAGS.values())
    return Mail(text.replace(b"\r\n", b"\n"), frozenset(known))


class Local:
    """The account's Maildir."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, name: str, *mails: Mail) -> None:
        """Put messages there as delivery agents and mail readers do."""
        for kind in ("cur", "new", "tmp"):
            (self._directory / name / kind).mkdir(parents=True, exist_ok=True)
        for text, flags in mails:
            unique = hashlib.sha1(text).hexdigest()
            place = f"cur/{unique}:2,{_letters(flags)}" if flags else f"new/{unique}"
            (self._directory / name / place).write_bytes(text)

    def flag(self, name: str, subject: str, letters: str) -> None:
        """Give a message these flags instead of those that it has."""
        path = self._path(name, subject)
        path.rename(path.parents[1] / "cur" / f"{path.name.partition(':')[0]}:2,{letters}")

    def remove(self, name: str, subject: str) -> None:
        self._path(name, subject).unlink()

    def mailboxes(self) -> Mailboxes:
        found = {
            str(path.parent.relative_to(self._directory)): set(map(_read, _files(path.parent)))
            for path in self._directory.rglob("cur")
        }
        return {name: mails for name, mails in found.items() if name not in OWN or mails}

    def state(self) -> dict[Path, int]:
        """The files, and when they were written."""
        return {path: path.stat().st_mtime_ns for path in self._directory.rglob("*")}

    def _path(self, name: str, subject: str) -> Path:
        wanted = b"Subject: %s\n" % subject.encode()
        (found,) = (p for p in _files(self._directory / name) if wanted in p.read_bytes())
        return found


def _letters(flags: frozenset[str]) -> str:
    return "".join(letter for letter, flag in FLAGS.items() if flag in flags)


def _files(directory: Path) -> Iterator[Path]:
    for kind in ("cur", "new"):
        yield from (directory / kind).iterdir()


def _read(path: Path) -> Mail:
    letters = path.name.partition(":2,")[2]
    return Mail(path.read_bytes(), frozenset(FLAGS[letter] for letter in letters))


class Running:
    """OfflineIMAP as it runs."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    def said(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_until_said(self, words: str, count: int) -> None:
        self.wait_until(lambda: self.said().count(words) >= count)

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait for what the process brings about; it must not end before."""

        def is_met() -> object:
            assert self.process.poll() is None, self.said()
            return condition()

        wait_until(is_met)


class Account:
    """An account of OfflineIMAP with a home directory of its own."""

    def __init__(self, home: Path, remote: Settings, account: Settings | None = None) -> None:
        self.local = Local(home / "mail")
        self.environment = {
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
        }
        self._home = home
        self._configuration = home / "offlineimaprc"
        text = CONFIGURATION.format(home=home, remote=_lines(remote), account=_lines(account or {}))
        self._configuration.write_text(text, encoding="utf-8")

    def sync(self) -> str:
        """Sync once; what was said about it."""
        status, said = self.run("-o")
        assert status == 0, said
        _assert_no_trouble(said)
        return said

    def refusal(self) -> str:
        """What is said about an account that can't be synced."""
        status, said = self.run("-o")
        assert "skipping account" in said, said
        assert status == 0, said
        _assert_no_trouble(said)
        return said

    def run(self, *options: str) -> tuple[int, str]:
        """The exit status, and what was said."""
        done = subprocess.run(
            self._command(*options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            env=self.environment,
            cwd=self._home,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")

    @contextlib.contextmanager
    def running(self, *options: str) -> Iterator[Running]:
        """Let it run, until it ends or the block does."""
        said = self._home / "said"
        with (
            said.open("wb") as output,
            subprocess.Popen(
                self._command(*options),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
                cwd=self._home,
            ) as process,
        ):
            try:
                yield Running(process, said)
            finally:
                process.kill()

    def _command(self, *options: str) -> list[str]:
        library = str(imaplib2.__file__)
        configuration = str(self._configuration)
        return [sys.executable, "-I", "-c", START, library, "-c", configuration, "-u", "basic",
                *options]  # fmt: skip


def _lines(settings: Settings) -> str:
    escaped = (f"{name} = {value}".replace("%", "%%") for name, value in settings.items())
    return "\n".join(escaped)


def _assert_no_trouble(said: str) -> None:
    for word in ("Traceback", "ERROR", "WARNING", "Exception"):
        assert word not in said, said


# Ways to connect

Settings: TypeAlias = "dict[str, object]"
Connection: TypeAlias = Callable[[Dovecot, str], Settings]
"""Gives the settings with which OfflineIMAP reaches a user's account."""


def credentials(user: str) -> Settings:
    return {"remoteuser": user, "remotepass": PASSWORD}


def plain(server: Dovecot, user: str) -> Settings:
    return starttls(server, user) | {"starttls": "no"}


def ipv4_only(server: Dovecot, user: str) -> Settings:
    """OfflineIMAP makes the socket by its own factory then, as it does with SOCKS."""
    return plain(server, user) | {"ipv6": "no"}


def compressed(server: Dovecot, user: str) -> Settings:
    return plain(server, user) | {"usecompression": "yes"}


def starttls(server: Dovecot, user: str) -> Settings:
    """What is used without ``ssl``; the authorities to trust are the system's."""
    where: Settings = {"remotehost": server.host, "remoteport": server.port, "ssl": "no"}
    return where | credentials(user)


def tls(server: Dovecot, user: str) -> Settings:
    where: Settings = {"remotehost": server.host, "remoteport": server.tls_port}
    return where | {"sslcacertfile": server.ca_file} | credentials(user)


def tls_with_versions(server: Dovecot, user: str) -> Settings:
    return tls(server, user) | {"tls_level": "tls_secure", "ssl_version": "tls1_2"}


def tls_and_fingerprint(server: Dovecot, user: str) -> Settings:
    return tls(server, user) | {"cert_fingerprint": fingerprint(server)}


def fingerprint_only(server: Dovecot, user: str) -> Settings:
    """The authorities to trust are the system's."""
    chosen = tls_and_fingerprint(server, user)
    del chosen["sslcacertfile"]
    return chosen


def fingerprint(server: Dovecot) -> str:
    certificate = ssl.get_server_certificate((server.host, server.tls_port), timeout=SECONDS)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


def preauth_tunnel(server: Dovecot, user: str) -> Settings:
    return {"preauthtunnel": server.preauth_command(user), "ssl": "no", "starttls": "no"}


def compressed_preauth_tunnel(server: Dovecot, user: str) -> Settings:
    return preauth_tunnel(server, user) | {"usecompression": "yes"}


def transport_tunnel(server: Dovecot, user: str) -> Settings:
    words = [sys.executable, "-I", str(RELAY), server.host, str(server.port)]
    tunnel: Settings = {"transporttunnel": shlex.join(words), "ssl": "no", "starttls": "no"}
    return tunnel | credentials(user)


CONNECTIONS = [
    ipv4_only,
    compressed,
    starttls,
    tls,
    tls_with_versions,
    tls_and_fingerprint,
    fingerprint_only,
    preauth_tunnel,
    compressed_preauth_tunnel,
    transport_tunnel,
]


@pytest.fixture
def remote(dovecot: Dovecot, user: str) -> Iterator[Remote]:
    account = Remote(dovecot, user)
    yield account
    account.close()


# Syncing


FOLDERS: Mailboxes = {
    "INBOX": {mail("one"), mail("two", "S"), mail("three", "FRS"), mail("four", "D"), big("big")},
    'with "quotes", \\ and spaces': {mail("five")},
    "Entw&APw-rfe/&JgM-": {mail("six", "F"), mail("seven", "T")},
    "Entw&APw-rfe": set(),
}


def test_an_account_s_life(dovecot: Dovecot, user: str, remote: Remote, tmp_path: Path) -> None:
    account = Account(tmp_path, plain(dovecot, user))
    local = account.local
    remote.fill(FOLDERS)

    account.sync()
    assert local.mailboxes() == FOLDERS
    assert remote.mailboxes() == FOLDERS

    before = local.state(), remote.state()
    account.sync()
    assert (local.state(), remote.state()) == before

    change_locally(local)
    account.sync()
    assert local.mailboxes() == CHANGED_LOCALLY
    assert remote.mailboxes() == CHANGED_LOCALLY

    change_remotely(remote)
    account.sync()
    assert local.mailboxes() == CHANGED_REMOTELY
    assert remote.mailboxes() == CHANGED_REMOTELY

    before = local.state(), remote.state()
    account.sync()
    assert (local.state(), remote.state()) == before


def change_locally(local: Local) -> None:
    local.add("INBOX", mail("written here"), mail("seen here", "S"))
    local.add("Entw&APw-rfe/&JgM-", mail("eight", "R"))
    local.add("made here")
    local.add("made here/&ZeVnLA-", mail("nine", "F"))
    local.flag("INBOX", "one", "FS")
    local.flag("INBOX", "three", "R")
    local.remove("INBOX", "two")
    local.remove('with "quotes", \\ and spaces', "five")


CHANGED_LOCALLY: Mailboxes = {
    "INBOX": {
        *(mail("one", "FS"), mail("three", "R"), mail("four", "D"), big("big")),
        *(mail("written here"), mail("seen here", "S")),
    },
    'with "quotes", \\ and spaces': set(),
    "Entw&APw-rfe/&JgM-": {mail("six", "F"), mail("seven", "T"), mail("eight", "R")},
    "Entw&APw-rfe": set(),
    "made here": set(),
    "made here/&ZeVnLA-": {mail("nine", "F")},
}


def change_remotely(remote: Remote) -> None:
    remote.add("INBOX", mail("new there", "F"))
    remote.add("made here", mail("new there, too"))
    remote.store("INBOX", "one", r"-\Seen")
    remote.store("INBOX", "seen here", r"+\Answered")
    remote.store("INBOX", "three", r"+\Deleted")
    remote.create("Later")


CHANGED_REMOTELY: Mailboxes = {
    **CHANGED_LOCALLY,
    "INBOX": {
        *(mail("one", "F"), mail("four", "D"), big("big")),
        *(mail("written here"), mail("seen here", "SR"), mail("new there", "F")),
    },
    "made here": {mail("new there, too")},
    "Later": set(),
}


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_both_ways_over(
    dovecot: Dovecot, user: str, remote: Remote, tmp_path: Path, connection: Connection
) -> None:
    account = Account(tmp_path, connection(dovecot, user))
    account.environment["SSL_CERT_FILE"] = dovecot.ca_file
    sync_both_ways(account, remote)


def sync_both_ways(account: Account, remote: Remote) -> None:
    down: Mailboxes = {"INBOX": {big("one"), mail("two", "S")}, "Entw&APw-rfe": {mail("three")}}
    up: Mailboxes = {"INBOX": {big("four"), mail("five", "F")}, "made here": {mail("six", "R")}}
    remote.fill(down)
    for name, mails in up.items():
        account.local.add(name, *mails)
    account.sync()
    assert account.local.mailboxes() == remote.mailboxes() == joined(down, up)


def joined(one: Mailboxes, other: Mailboxes) -> Mailboxes:
    return {name: one.get(name, set()) | other.get(name, set()) for name in {**one, **other}}


def test_several_connections(
    dovecot: Dovecot,
    user: str,
    remote: Remote,
    tmp_path: Path,
    proxy: Callable[..., Proxy],
) -> None:
    """Each of three threads has a connection of its own; a slow network keeps all of them busy."""
    between = proxy(dovecot, delay=0.005)
    settings: Settings = {"remoteport": between.port, "maxconnections": 3}
    account = Account(tmp_path, plain(dovecot, user) | settings)
    down = {name: {mail(f"{name} {n}") for n in range(10)} for name in ("INBOX", "b", "c", "d")}
    up = {name: {mail(f"{name} {n}") for n in range(10, 20)} for name in ("INBOX", "b", "x")}
    remote.fill(down)
    for name, mails in up.items():
        account.local.add(name, *mails)
    account.sync()
    assert account.local.mailboxes() == remote.mailboxes() == joined(down, up)
    assert between.connections == 3


# Refusals


def test_an_unknown_certificate_is_refused(
    dovecot: Dovecot, user: str, remote: Remote, tmp_path: Path
) -> None:
    """A fingerprint that OfflineIMAP alone knows of makes no authority trusted."""
    account = Account(tmp_path, fingerprint_only(dovecot, user))
    remote.add("INBOX", mail("one"))
    assert "certificate verify failed" in account.refusal()
    assert account.local.mailboxes() == {}


def test_a_wrong_fingerprint_is_refused(
    dovecot: Dovecot, user: str, remote: Remote, tmp_path: Path
) -> None:
    account = Account(tmp_path, tls(dovecot, user) | {"cert_fingerprint": "0" * 64})
    remote.add("INBOX", mail("one"))
    assert "does not match configured fingerprint" in account.refusal()
    assert account.local.mailboxes() == {}


def test_tls_to_a_plain_port(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """The number of the error is what OfflineIMAP knows it by."""
    account = Account(tmp_path, tls(dovecot, user) | {"remoteport": dovecot.port})
    assert "Make sure you connect to the correct port" in account.refusal()


def test_a_wrong_password(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    account = Account(tmp_path, plain(dovecot, user) | {"remotepass": "wrong"})
    assert "failed: [AUTHENTICATIONFAILED] Authentication failed." in account.refusal()


# Lost connections

Ending: TypeAlias = Callable[[Peer], object]


def say_bye(peer: Peer) -> None:
    peer.untagged(b"BYE for maintenance")
    peer.close()


def interrupted(name: str, end: Ending) -> scripted.Handler:
    """A handler that ends the connection instead the second time that it is called."""
    calls = itertools.count(1)

    def handle(session: Session, command: Command) -> None:
        if next(calls) == 2:
            end(session.peer)
            session.over = True
        else:
            scripted.HANDLERS[name](session, command)

    return handle


endings = pytest.mark.parametrize("end", [Peer.close, Peer.reset, say_bye])

INBOX: scripted.Messages = {n: mail(f"{n}").text.replace(b"\n", b"\r\n") for n in (1, 2, 3)}


@endings
def test_a_lost_connection_is_replaced(serve: Serve, tmp_path: Path, end: Ending) -> None:
    """When an idle connection is taken up again, and when a message is saved."""
    messages = dict(INBOX)
    handlers = {name: interrupted(name, end) for name in ("NOOP", "APPEND")}
    server = serve(partial(mailbox, messages=messages, handlers=handlers))
    account = scripted_account(server, tmp_path)
    account.local.add("INBOX", *(mail(f"{n}") for n in (4, 5, 6)))
    status, said = account.run("-o")
    assert same_on_both_sides(account, messages, 6), said
    assert server.connections == 3
    assert status == 1  # although all is well, OfflineIMAP counts its report of the loss


@endings
def test_a_lost_connection_loses_no_mail(serve: Serve, tmp_path: Path, end: Ending) -> None:
    """OfflineIMAP 8.0.3 stumbles over its own message about it, so that it must be run again."""
    messages = dict(INBOX)
    handlers = {"UID FETCH": interrupted("UID FETCH", end)}
    server = serve(partial(mailbox, messages=messages, handlers=handlers))
    account = scripted_account(server, tmp_path)
    status, said = account.run("-o")
    assert status != 0, said
    account.sync()
    assert same_on_both_sides(account, messages, 3)


def scripted_account(server: scripted.ScriptedServer, home: Path) -> Account:
    where: Settings = {"remotehost": server.host, "remoteport": server.port}
    return Account(home, where | {"ssl": "no", "starttls": "no"} | credentials("somebody"))


def same_on_both_sides(account: Account, messages: scripted.Messages, count: int) -> bool:
    """Whether the Maildir and the server have the messages with the subjects 1 to *count*."""
    expected = sorted(mail(f"{n}").text for n in range(1, count + 1))
    local = sorted(text for text, _ in account.local.mailboxes()["INBOX"])
    remote = sorted(text.replace(b"\r\n", b"\n") for text in messages.values())
    return local == remote == expected


# Idling


@pytest.mark.parametrize(
    ("number", "mechanism", "debug"),
    [(signal.SIGTERM, "LOGIN", "imap"), (signal.SIGUSR2, "PLAIN", "imap,thread")],
)
def test_idling(
    dovecot: Dovecot,
    user: str,
    remote: Remote,
    tmp_path: Path,
    number: signal.Signals,
    mechanism: str,
    debug: str,
) -> None:
    """It stays, fetches what arrives, and ends when told to; its debugging shows no password.

    With the second kind of debugging it uses several threads.
    """
    settings: Settings = {"idlefolders": "['INBOX']", "auth_mechanisms": mechanism}
    account = Account(tmp_path, plain(dovecot, user) | settings, {"autorefresh": 500})
    expected = {"INBOX": {mail("one")}}
    remote.fill(expected)
    with account.running("-d", debug) as running:
        for count, subject in enumerate(("two", "three"), 1):
            running.wait_until_said("+ idling", count)
            assert account.local.mailboxes() == expected
            expected["INBOX"].add(mail(subject))
            remote.add("INBOX", mail(subject))
            running.wait_until(lambda: account.local.mailboxes() == expected)
        running.wait_until_said("+ idling", 3)
        running.process.send_signal(number)
        assert running.process.wait(10) == 0
    text = running.said()
    _assert_no_trouble(text)
    text = text.replace("[secret]", "")  # what stands for a password
    for secret in (PASSWORD, base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()):
        assert secret not in text
