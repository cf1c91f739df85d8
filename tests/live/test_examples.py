"""The programs in examples/ do what they say, and give no warning."""

from __future__ import annotations

import ast
import base64
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import imaplib2

from ..needs import need_package
from .helpers import TIMEOUT, fill, numbers, ok, plain, with_servers
from .server import PASSWORD, Server

_ROOT = Path(__file__).parents[2]
_EXAMPLES = _ROOT / "examples"
_PROGRAMS = _ROOT / "docs" / "reading-answers.rst"

#: Of messages: sender, subject, and how an attachment is told of, if there is one.
_MAILS = [
    (
        b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>, Bo <bo@example.org>",
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?IGF1cyDlj7DljJc=?=",
        b"attachment; filename*=utf-8''..%2F..%2F%C3%BCber%20uns.txt",
    ),
    (b"From: cem@example.org", b"Subject: nothing is attached", None),
    (
        b"From: Friends: =?utf-8?q?Zo=C3=AB?= <zoe@example.org>;",
        b"Subject: flagged",
        b'attachment; filename="../../boot.ini"',
    ),
    (b"From: ann@example.org", b"Subject: read", b'attachment; filename="/etc/passwd"'),
]
_CONTENT = "Grüße\r\n".encode()


def _command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-X", "dev", "-W", "error", str(_EXAMPLES / name), *arguments]


def _environment(**variables: str) -> dict[str, str]:
    """With the package that is tested, installed or not."""
    package = str(Path(imaplib2.__file__).parents[1])
    return os.environ | {"PYTHONPATH": package, "PYTHONIOENCODING": "utf-8"} | variables


def _account(server: Server, user: str) -> dict[str, str]:
    return _environment(
        IMAP_HOST=server.host,
        IMAP_TLS_PORT=str(server.tls_port),
        IMAP_USER=user,
        IMAP_PASSWORD=PASSWORD,
        IMAP_CA_FILE=server.ca_file,
    )


def _output(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", timeout=TIMEOUT
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_legacy(server: Server, user: str) -> None:
    subject = "=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    with plain(server, user) as M:
        for name in ("ann", "bo", "cem"):
            text = f"From: {name}@example.org\r\nSubject: {subject}\r\n\r\n"
            ok(M.append("INBOX", None, '"09-Sep-2001 01:46:40 +0000"', text.encode()))
        ok(M.select())
        ok(M.store("2", "+FLAGS", r"(\Seen)"))
    assert _output(_command("legacy.py"), _account(server, user) | {"TZ": "UTC"}) == (
        "3 messages\n"
        "1  2001-09-09  ann@example.org  Grüße\n"
        "3  2001-09-09  cem@example.org  Grüße\n"
        "2 unread\n"
    )


@with_servers(lambda traits: not traits.is_slow)
def test_legacy_with_a_wrong_password(server: Server, user: str) -> None:
    environment = _account(server, user) | {"IMAP_PASSWORD": "wrong"}
    done = subprocess.run(
        _command("legacy.py"), env=environment, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 1
    assert done.stderr.startswith("login failed: ")
    assert server.traits.refusal in done.stderr
    assert done.stderr.count("\n") == 1


def test_concurrent_fetch(server: Server, user: str) -> None:
    number = max(10, server.share(500))
    with plain(server, user) as M:
        for _ in range(2):
            fill(M, "INBOX", range(1, number + 1), 500)
    output = _output(_command("concurrent_fetch.py"), _account(server, user))
    first, *senders = output.splitlines()
    assert re.fullmatch(
        rf"fetched {2 * number} messages in \d+\.\d\d seconds; they are from", first
    )
    assert len(senders) == 5
    assert senders[0] == "     2  1@example.org"


def test_concurrent_fetch_from_a_throw_away_server() -> None:
    """As the README says."""
    server = [sys.executable, "-W", "error", str(_ROOT / "tests" / "live" / "dovecot.py")]
    output = _output([*server, *_command("concurrent_fetch.py")], _environment())
    assert output.startswith("fetched 200 messages in ")
    assert "    67  Bo <bo@example.net>\n" in output


def _mail(sender: bytes, subject: bytes, disposition: bytes | None) -> bytes:
    head = [sender, subject, b"MIME-Version: 1.0"]
    if disposition is None:
        return b"\r\n".join([*head, b"", b"Hello", b""])
    lines = [
        *head,
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b",
        b"",
        b"Hello",
        b"--b",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Disposition: " + disposition,
        b"Content-Transfer-Encoding: base64",
        b"",
        base64.b64encode(_CONTENT),
        b"--b--",
        b"",
    ]
    return b"\r\n".join(lines)


def _programs() -> list[str]:
    """Ours and IMAPClient's, as the documentation has them."""
    blocks = re.findall(
        r"^\.\. code-block:: python\n\n((?: +.*\n|\n)+)", _PROGRAMS.read_text("utf-8"), flags=re.M
    )
    return [textwrap.dedent(block).strip() + "\n" for block in blocks]


def _check_attachments(command: list[str], server: Server, user: str, folder: Path) -> None:
    """A program lists, saves and marks as `_programs` do."""
    above = folder / "above"
    target = above / "target"
    target.mkdir(parents=True)
    created = [server.mailbox(name) for name in ("Entwürfe", "Tom & Jerry", "日本語")]
    with plain(server, user) as M:
        for name in created:
            ok(M.create(name))
        for mail in _MAILS:
            ok(M.append("INBOX", None, None, _mail(*mail)))
        ok(M.select())
        ok(M.store("3", "+FLAGS", r"(\Flagged)"))
        ok(M.store("4", "+FLAGS", r"(\Seen)"))
        uids = numbers(M.search(None, "ALL", uid=True))

    lines = _output([*command, str(target)], _account(server, user)).splitlines()
    assert {"INBOX", *created} <= {*lines[:-3]}
    assert lines[-3:] == [
        f"{uids[0]}  Jürgen, Bo  Grüße aus 台北",
        f"{uids[1]}  cem@example.org  nothing is attached",
        f"{uids[2]}  Zoë  flagged",
    ]
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")} == {
        Path("above", "target", f"{uids[0]}-2-über uns.txt"): _CONTENT,
        Path("above", "target", f"{uids[2]}-2-boot.ini"): _CONTENT,
    }
    assert [*folder.iterdir()] == [above]
    with plain(server, user) as M:
        ok(M.select())
        assert numbers(M.search(None, "SEEN")) == [1, 4]


def test_attachments(server: Server, user: str, tmp_path: Path) -> None:
    _check_attachments(_command("attachments.py"), server, user, tmp_path)


def test_attachments_where_nothing_is(server: Server, user: str, tmp_path: Path) -> None:
    output = _output(_command("attachments.py", str(tmp_path)), _account(server, user))
    assert "INBOX" in output.splitlines()
    assert not [*tmp_path.iterdir()]


def test_the_same_for_imapclient(
    server: Server, user: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    need_package("imapclient")
    program = tmp_path_factory.mktemp("program") / "program.py"
    program.write_text(_programs()[1], "utf-8")
    folder = tmp_path_factory.mktemp("folder")
    _check_attachments([sys.executable, str(program)], server, user, folder)


def test_the_program_is_as_short_as_with_imapclient() -> None:
    ours, theirs = _programs()
    assert ours == (_EXAMPLES / "attachments.py").read_text("utf-8")
    assert _lines(ours) <= _lines(theirs)


def _lines(program: str) -> int:
    """Those that do something, as one style would have them."""
    tree = ast.parse(program)
    if ast.get_docstring(tree):
        del tree.body[0]
    return ast.unparse(tree).count("\n")


def test_idle_loop(server: Server, user: str) -> None:
    with plain(server, user) as M:
        fill(M, "INBOX", [1, 2], 500)
        with _started(_command("idle_loop.py", "3"), _account(server, user)) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "2 messages; waiting for more\n"
            fill(M, "INBOX", [3], 500)
            assert program.stdout.readline() == "new: message 3\n"
            fill(M, "INBOX", [4, 5], 500)
            assert program.communicate(timeout=TIMEOUT) == ("new: message 4\nnew: message 5\n", "")
            assert program.returncode == 0


def test_watch_inbox(server: Server, user: str, tmp_path: Path) -> None:
    command = _command("watch_inbox.py", str(tmp_path / "state"), "2")
    with plain(server, user) as M:
        fill(M, "INBOX", [1, 2], 500)
        with _started(command, _account(server, user)) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "new: 1:2\n"
            fill(M, "INBOX", [3], 500)
            assert program.communicate(timeout=TIMEOUT) == ("new: 3\n", "")
            assert program.returncode == 0
        # What happens meanwhile is told when it starts again.
        ok(M.select())
        ok(M.store("1", "+FLAGS", r"(\Deleted)"))
        ok(M.expunge())
        fill(M, "INBOX", [4], 500)
        assert _output(command, _account(server, user)) == "gone: 1\nnew: 4\n"


@with_servers(lambda traits: not traits.is_slow)
def test_watch_inbox_with_a_wrong_password(server: Server, user: str, tmp_path: Path) -> None:
    environment = _account(server, user) | {"IMAP_PASSWORD": "wrong"}
    command = _command("watch_inbox.py", str(tmp_path / "state"))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 1
    assert done.stderr.startswith("it can't be watched: ")


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as program:
        try:
            yield program
        finally:
            program.kill()
