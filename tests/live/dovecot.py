"""A private Dovecot 2.3 for the tests, and a throw-away mail server for trying things out.

    python tests/live/dovecot.py COMMAND [ARGUMENT...]

starts a server, puts 200 small messages into one user's INBOX, runs COMMAND with IMAP_HOST,
IMAP_PORT (plain text and STARTTLS), IMAP_TLS_PORT (TLS from the start), IMAP_USER, IMAP_PASSWORD
and IMAP_CA_FILE in its environment, stops the server and exits as COMMAND did.

Needs root, because Dovecot does, and the Debian packages dovecot-imapd and openssl.
"""

from __future__ import annotations

import base64
import imaplib
import itertools
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from string import Template

if __name__ == "__main__":  # then the path begins with this file's folder
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.live.certificates import Certificates, make_certificates

PASSWORD = "secret"
"""The password of most users."""

USERS = {
    "alice": PASSWORD,
    "bob": PASSWORD,
    "carol": PASSWORD,
    "uni": "pässwörd-☃-日本",
    "quote": 'a "b" \\c d\\',
    'd ave"x\\y': PASSWORD,
    "jörg": PASSWORD,
}
"""The users with a name of their own, and their passwords."""

_LIBEXEC = Path("/usr/lib/dovecot")
_DAEMON = "/usr/sbin/dovecot"
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_GRACE_SECONDS = 2.0

_CONFIGURATION = Template(r"""
base_dir = $directory/run
state_dir = $directory/state
log_path = $directory/dovecot.log
protocols = imap
listen = $addresses

ssl = yes
ssl_cert = <$certificate
ssl_key = <$key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no

auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
# Any character may occur in a user's name.
auth_username_chars =
# A refused login is answered at once. Without the first passdb there would still be half a second.
auth_failure_delay = 0
passdb {
  driver = static
  args = noauthenticate=y nodelay=y
}
passdb {
  driver = passwd-file
  args = username_format=%u $directory/users
}
# Every test may have users of its own without a change to any file.
passdb {
  driver = static
  username_filter = test*
  args = password=$password
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$directory/mail/%u allow_all_users=yes
}

first_valid_uid = 1
mail_location = sdbox:%h/sdbox
mail_fsync = never
mail_plugins = acl quota zlib
mail_max_userip_connections = 0
# The fallback for IDLE when the kernel's inotify instances run out.
mailbox_idle_check_interval = 1 s
mail_attribute_dict = file:%h/attributes
imap_metadata = yes
imap_urlauth_host = localhost
imap_id_send = name * version *
imap_max_line_length = 1 M

namespace inbox {
  inbox = yes
  separator = /
  prefix =
  mailbox Drafts {
    special_use = \Drafts
    auto = create
  }
  mailbox Sent {
    special_use = \Sent
    auto = create
  }
  mailbox Junk {
    special_use = \Junk
    auto = create
  }
  mailbox Trash {
    special_use = \Trash
    auto = create
  }
}
namespace shared {
  type = shared
  separator = /
  prefix = Shared/%%u/
  location = sdbox:%%h/sdbox
  subscriptions = no
  list = children
}
protocol imap {
  mail_plugins = acl quota zlib imap_acl imap_quota imap_zlib
}
plugin {
  acl = vfile
  acl_shared_dict = file:$directory/state/shared-mailboxes
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=10G:messages=1000000
}

default_process_limit = 4096
default_client_limit = 8192
service imap-login {
  # One process serves all logins, and stays.
  service_count = 0
  process_min_avail = 1
  process_limit = 2
  client_limit = 4096
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = $tls_port
    ssl = yes
  }
}
service imap {
  # Processes serve one session after the other: a login takes 0.4 ms instead of 4.
  service_count = 0
  process_limit = 4096
}
service auth {
  client_limit = 16384
  unix_listener auth-userdb {
    mode = 0666
  }
}
service anvil {
  client_limit = 16384
  # Without this socket there is no growing delay for an address that failed to log in.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  client_limit = 16384
  unix_listener stats-writer {
    mode = 0666
  }
}
""")


class Dovecot:
    """A Dovecot of our own on the loopback interface, from ``with`` to the end of its block.

    Enter it in the main thread: the server ends when the thread that started it does, so that a
    test run that is killed leaves no server behind.
    """

    host = "localhost"
    port: int
    """For plain text and STARTTLS."""
    tls_port: int
    ca_file: str
    """The PEM file with the certificate of the authority to trust."""
    addresses: tuple[str, ...]
    """Where it listens: 127.0.0.1 and, if the system has it, ::1."""
    directory: Path
    """Everything that the server writes."""

    def __init__(self) -> None:
        self.users = dict(USERS)
        self._numbers = itertools.count(1)
        self._cleanup = ExitStack()

    @staticmethod
    def missing() -> str | None:
        """Why no server can be started here; None when one can."""
        if sys.platform != "linux" or os.geteuid() != 0:
            return "Dovecot can only be started by root, on Linux"
        for program in (str(_LIBEXEC / "imap"), _DAEMON, "openssl", "setpriv", "prlimit"):
            if shutil.which(program) is None:
                return f"{program} is not installed (Debian: dovecot-imapd, openssl, util-linux)"
        return _unsuitable_version()

    def __enter__(self) -> Dovecot:
        with ExitStack() as cleanup:
            self.directory = cleanup.enter_context(_server_directory())
            self.addresses = tuple(filter(_is_available, ("127.0.0.1", "::1")))
            certificates = make_certificates(self.directory)
            self.ca_file = str(certificates.ca)
            with _reserved_ports(self.addresses, 2) as (self.port, self.tls_port):
                self._write_configuration(certificates)
                process = cleanup.enter_context(_daemon(self._configuration, self._log))
                self._await_greeting(process)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def new_user(self) -> str:
        """The name of a user that nobody has used yet; its password is PASSWORD."""
        return f"test{next(self._numbers):04}"

    def preauth_command(self, user: str) -> str:
        """A shell command that is an authenticated session of *user* on stdin and stdout."""
        # Not "doveadm exec imap": that ignores the settings under "protocol imap", so that
        # COMPRESS, QUOTA, ACL and METADATA would be missing. stderr gets the session's log.
        words = [_LIBEXEC / "imap", "-c", self._configuration, "-u", user]
        command = shlex.join(map(str, words))
        return f"exec {command} 2>>{shlex.quote(str(self.directory / 'preauth.log'))}"

    @property
    def _configuration(self) -> Path:
        return self.directory / "dovecot.conf"

    @property
    def _log(self) -> Path:
        return self.directory / "dovecot.log"

    def _write_configuration(self, certificates: Certificates) -> None:
        text = _CONFIGURATION.substitute(
            directory=self.directory,
            addresses=", ".join(self.addresses),
            certificate=certificates.certificate,
            key=certificates.key,
            password=PASSWORD,
            port=self.port,
            tls_port=self.tls_port,
        )
        self._configuration.write_text(text, encoding="utf-8")
        lines = itertools.starmap(_passwd_line, self.users.items())
        (self.directory / "users").write_text("".join(lines), encoding="utf-8")

    def _await_greeting(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._greets():
            # The wait paces the attempts, and is over at once when the server has given up.
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
            if process.returncode is not None or time.monotonic() > deadline:
                log = self._log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"Dovecot did not start:\n{log[-4000:]}")

    def _greets(self) -> bool:
        try:
            with socket.create_connection((self.addresses[0], self.port), _START_SECONDS) as link:
                return link.makefile("rb").readline().startswith(b"* OK")
        except OSError:
            return False


def _unsuitable_version() -> str | None:
    version = subprocess.run(
        [_DAEMON, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    ).stdout.decode("ascii", "replace")
    if version.startswith("2.3."):
        return None
    return f"Dovecot {version.strip()}: the configuration here is for version 2.3"


@contextmanager
def _server_directory() -> Iterator[Path]:
    """A directory that the mail user can enter, with the parts that Dovecot expects to find."""
    # In /tmp whatever TMPDIR says: everybody can get there, and the path of a Unix socket must
    # not be longer than 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    try:
        directory.chmod(0o755)
        for name, mode in (("run", 0o755), ("state", 0o1777), ("mail", 0o700)):
            (directory / name).mkdir()
            (directory / name).chmod(mode)
        shutil.chown(directory / "mail", "mail", "mail")
        yield directory
    finally:
        shutil.rmtree(directory)


def _passwd_line(user: str, password: str) -> str:
    """The user's line in Dovecot's passwd-file; base64 spares the password all quoting."""
    name = re.sub(r"""(["'\\])""", r"\\\1", user)
    secret = base64.b64encode(password.encode()).decode()
    return f"{name}:{{PLAIN.b64}}{secret}::::::\n"


# Ports


def _bound(address: str, port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
    except OSError:
        held.close()
        raise
    return held


def _is_available(address: str) -> bool:
    try:
        _bound(address, 0).close()
    except OSError:
        return False
    return True


@contextmanager
def _reserved_ports(addresses: Sequence[str], count: int) -> Iterator[list[int]]:
    """Keep *count* ports, the same on all *addresses*, for Dovecot.

    A socket that is bound but does not listen keeps everybody away except those who, as Dovecot
    does, set SO_REUSEADDR: nobody can take a port between our choice and Dovecot's start.
    """
    with ExitStack() as held:
        yield [_reserve_port(addresses, held) for _ in range(count)]


def _reserve_port(addresses: Sequence[str], held: ExitStack) -> int:
    for _ in range(100):  # a port that is free on one address may be taken on the next
        with ExitStack() as attempt, suppress(OSError):
            port = 0
            for address in addresses:
                port = attempt.enter_context(_bound(address, port)).getsockname()[1]
            held.enter_context(attempt.pop_all())
            return port
    raise RuntimeError("found no port that is free on all of " + ", ".join(addresses))


# Processes


@contextmanager
def _daemon(configuration: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Dovecot's master process, leader of a session that holds all of Dovecot's processes."""
    files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                *("prlimit", f"--nofile={files}:{files}"),
                *("setpriv", "--pdeathsig", "TERM"),
                *(_DAEMON, "-F", "-c", str(configuration)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Some sessions take long to end when they are asked; nothing of them is worth waiting for.
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _kill_session(process.pid)


def _kill_session(session: int) -> None:
    """End what is left of the *session* of a process that has ended."""
    deadline = time.monotonic() + _STOP_SECONDS
    while members := _session_members(session):
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes of Dovecot do not end: {members}")
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)  # they are not our children, so they can't be waited for


def _session_members(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name, in parentheses, may hold anything; see proc(5).
            state, _parent, _group, sid = stat.read_bytes().rpartition(b")")[2].split()[:4]
            if int(sid) == session and state != b"Z":
                found.append(int(stat.parent.name))
    return found


# Running as a script


def _message(number: int) -> EmailMessage:
    subject = ("Minutes of the meeting", "Your invoice", "Re: lunch?", "Grüße aus Zürich")
    sender = ("Ann <ann@example.org>", "Bo <bo@example.net>", "Jörg <joerg@example.com>")
    message = EmailMessage()
    message["From"] = sender[number % len(sender)]
    message["To"] = "Alice <alice@example.org>"
    message["Subject"] = f"{subject[number % len(subject)]} ({number})"
    message["Date"] = _date(number)
    message["Message-ID"] = f"<{number}@example.org>"
    message.set_content(f"This is message {number}.\n")
    return message


def _date(number: int) -> datetime:
    return datetime(2024, 1, 1, 9, tzinfo=timezone.utc) + timedelta(hours=number)


def _fill_inbox(server: Dovecot, user: str, count: int) -> None:
    with imaplib.IMAP4(server.host, server.port) as connection:
        connection.login(user, server.users[user])
        for number in range(1, count + 1):
            text = _message(number).as_bytes()
            flags = r"(\Seen)" if number % 3 else ""
            reply, data = connection.append("INBOX", flags, _date(number), text)
            if reply != "OK":
                raise RuntimeError(f"APPEND: {reply} {data!r}")


def _environment(server: Dovecot, user: str) -> dict[str, str]:
    return {
        "IMAP_HOST": server.host,
        "IMAP_PORT": str(server.port),
        "IMAP_TLS_PORT": str(server.tls_port),
        "IMAP_USER": user,
        "IMAP_PASSWORD": server.users[user],
        "IMAP_CA_FILE": server.ca_file,
    }


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """The exit status of *command*, in the shell's terms."""
    try:
        status = subprocess.run(command, env=os.environ | environment).returncode
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    return status if status >= 0 else 128 - status


def _terminated(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)  # so that the server is stopped on the way out


def main(command: Sequence[str]) -> int:
    """Run *command* beside a server; the exit status."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    if reason := Dovecot.missing():
        print(reason, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _terminated)
    with Dovecot() as server:
        _fill_inbox(server, "alice", 200)
        return _run(command, _environment(server, "alice"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
