"""Programs of other people, from PyPI, do the same over this library as over ``imaplib``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import imaplib2

from ..live.dovecot import Dovecot
from ..live.server import PASSWORD
from ..server.helpers import SECONDS
from .comparison import environment
from .packages import folder_of

SWAPPED = Path(__file__).with_name("swapped.py")
RUN_SECONDS = 50.0
"""How long a program may take."""

MESSAGES = [
    b"From: a@example.org\r\nSubject: %d\r\nMessage-ID: <%d@example.org>\r\n\r\ntext %d\r\n"
    % (number, number, number)
    for number in (1, 2, 1, 3, 2)
]

libraries = pytest.mark.parametrize("library", ["imaplib", "imaplib2"])


class Mail:
    """A user's INBOX, seen by another connection."""

    def __init__(self, server: Dovecot) -> None:
        self.server, self.user = server, server.new_user()
        self._M = imaplib2.IMAP4(server.host, server.port, timeout=SECONDS)
        self._M.login(self.user, PASSWORD)
        self._flagged = False

    def add(self, *messages: bytes) -> None:
        for message in messages:
            assert self._M.append("INBOX", None, None, message)[0] == "OK"

    def identities(self) -> list[bytes]:
        """The Message-IDs of what is neither gone nor deleted."""
        self._M.select("INBOX", readonly=True)
        ids = []
        for number in self._M.search(None, "UNDELETED")[1][0].split():
            data = self._M.fetch(number, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
            ids.append(data[0][1].strip())
        return ids

    def nudge(self) -> None:
        """Make news, but no message."""
        self._M.select("INBOX")
        self._M.store("1", "-FLAGS" if self._flagged else "+FLAGS", r"(\Flagged)")
        self._flagged = not self._flagged

    def close(self) -> None:
        self._M.logout()


@pytest.fixture
def mail(dovecot: Dovecot) -> Any:
    mail = Mail(dovecot)
    yield mail
    mail.close()


def start(
    library: str, mail: Mail, packages: Path, program: str, *arguments: str
) -> subprocess.Popen[str]:
    """Start a program, a file or a text in Python, over a library."""
    if not os.path.isabs(program):
        arguments = (program, *arguments)
        program = str(Path(__file__).with_name("run_text.py"))
    return subprocess.Popen(
        [sys.executable, str(SWAPPED), library, program, *arguments],
        env=environment(mail.server, mail.user, packages),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str]) -> str:
    """What a program prints; its end must be a good one, and come."""
    try:
        out, errors = process.communicate(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, errors = process.communicate()
        pytest.fail(f"the program hangs\n{out}\n{errors}", pytrace=False)
    assert process.returncode == 0, out + errors
    return out


# imapdedup


@libraries
@pytest.mark.parametrize("secure", [False, True])
def test_imapdedup(request: pytest.FixtureRequest, mail: Mail, library: str, secure: bool) -> None:
    packages = folder_of("imapdedup==1.5", request.config)
    mail.add(*MESSAGES)
    server = mail.server
    address = ["-s", server.host, "-p", str(server.port)]
    text = (
        "import sys, ssl, imapdedup, imaplib;"
        " imaplib.IMAP4.starttls = lambda self, *a: None;"  # it can't be told whom to trust
        " sys.exit(imapdedup.main())"
    )
    if secure:
        text = text.replace("lambda self, *a: None", STARTTLS)
        text = "import os; starttls = __import__('imaplib').IMAP4.starttls; " + text
    process = start(
        library, mail, packages, text, *address, "-u", mail.user, "-w", PASSWORD, "INBOX"
    )
    output(process)
    assert sorted(mail.identities()) == [b"Message-ID: <%d@example.org>" % n for n in (1, 2, 3)]


STARTTLS = (
    "lambda self, *a:"
    " starttls(self, ssl_context=ssl.create_default_context(cafile=os.environ['IMAP_CA_FILE']))"
)


# getmail6


def configuration(tmp_path: Path, mail: Mail, folder: Path) -> Path:
    """The directory with getmail6's configuration; *folder* gets a file for each message."""
    home = tmp_path / "getmail"
    home.mkdir(mode=0o700)
    folder.mkdir()
    (home / "getmailrc").write_text(
        f"""[retriever]
type = SimpleIMAPSSLRetriever
server = {mail.server.host}
port = {mail.server.tls_port}
username = {mail.user}
password = {PASSWORD}
ca_certs = {mail.server.ca_file}
mailboxes = ("INBOX",)
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {folder}/$$")
allow_root_commands = true
[options]
read_all = false
verbose = 1
"""
    )
    return home


@libraries
@pytest.mark.skipif(os.name != "posix", reason="getmail6 is for POSIX")
def test_getmail6_with_authorities_of_ones_own_and_idle(
    request: pytest.FixtureRequest, tmp_path: Path, mail: Mail, library: str
) -> None:
    """It fetches what is there, and then each message that comes."""
    packages = folder_of("getmail6==6.20.2", request.config)
    folder = tmp_path / "mail"
    home = configuration(tmp_path, mail, folder)
    mail.add(*MESSAGES[:2])
    process = start(
        library, mail, packages, str(packages / "bin" / "getmail"),
        "--getmaildir", str(home), "--rcfile", "getmailrc", "--idle", "INBOX",
    )  # fmt: skip
    try:
        for count in (2, 3, 4):
            await_messages(folder, count, process, mail)
            mail.add(MESSAGES[count])
    finally:
        process.kill()  # an interruption while it fetches doesn't end it
        process.communicate()


def await_messages(folder: Path, count: int, process: subprocess.Popen[str], mail: Mail) -> None:
    """Wait until there are so many."""
    deadline = time.monotonic() + RUN_SECONDS
    nudge_at = time.monotonic() + 2
    while len(found := [*folder.iterdir()]) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, found
        if time.monotonic() > nudge_at:  # it misses what comes just before IDLE
            nudge_at += 2
            mail.nudge()
        time.sleep(0.05)  # nothing tells of a new file
    assert len(found) == count


# py3status


STATUS_BAR = """
import imaplib, json, os, ssl, sys, threading
import py3status.modules.imap as module
if sys.argv[1] == "ssl":
    # It can't be told whom to trust.
    original = imaplib.IMAP4_SSL
    class Trusting(original):
        def __init__(self, host, port):
            context = ssl.create_default_context(cafile=os.environ["IMAP_CA_FILE"])
            original.__init__(self, host, port, ssl_context=context)
    imaplib.IMAP4_SSL = Trusting
else:
    context = ssl.create_default_context(cafile=os.environ["IMAP_CA_FILE"])
    connect = imaplib.IMAP4
    module.Py3status._connection_starttls = lambda self: starttls(connect(self.server, self.port))
    def starttls(M):
        M.starttls(ssl_context=context)
        return M
class Bar:
    LOG_WARNING = LOG_INFO = None
    def log(self, *args, **options): print(json.dumps(["log", str(args)]), flush=True)
    def update(self, *args): print(json.dumps(["count", status.mail_count, status.mail_error,
                                               status.network_error]), flush=True)
status = module.Py3status()
status.py3, status.debug = Bar(), True
status.server, status.user, status.password = (os.environ[n] for n in (
    "IMAP_HOST", "IMAP_USER", "BAR_PASSWORD"))
status.port = os.environ["IMAP_TLS_PORT" if sys.argv[1] == "ssl" else "IMAP_PORT"]
status.security, status.use_idle = sys.argv[1], True
status.cache_timeout = 1  # what comes just before IDLE, it misses, and looks for then
status.post_config_hook()
status._get_mail_count()
"""


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line that a program prints; it must come."""
    assert process.stdout is not None
    timer = threading.Timer(RUN_SECONDS, process.kill)
    timer.start()
    line = process.stdout.readline()
    timer.cancel()
    timer.join()
    assert line, process.communicate()
    return line


@libraries
@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_py3status_shows_each_message_at_once(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    mail: Mail,
    library: str,
    security: str,
) -> None:
    """It writes IDLE and DONE to the socket, and reads there."""
    monkeypatch.setenv("BAR_PASSWORD", PASSWORD)
    packages = folder_of("py3status==3.64", request.config)
    process = start(library, mail, packages, STATUS_BAR, security)
    try:
        for count in range(6):
            shown: Any = None
            while shown != ["count", count, None, None]:
                line = read_line(process)
                shown = json.loads(line)
                assert shown[0] == "count", shown
                assert shown[1] <= count
            mail.add(MESSAGES[0])
    finally:
        process.kill()
        process.communicate()
