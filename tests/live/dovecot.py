"""A private Dovecot, 2.3 or 2.4, for the tests, and a throw-away mail server for trying things out.

    python tests/live/dovecot.py COMMAND [ARGUMENT...]

starts a server, puts 200 small messages into one user's INBOX, runs COMMAND with IMAP_HOST,
IMAP_PORT (plain text and STARTTLS), IMAP_TLS_PORT (TLS from the start), IMAP_USER, IMAP_PASSWORD
and IMAP_CA_FILE in its environment, stops the server and exits as COMMAND did.

Needs root, because Dovecot does, and the Debian packages dovecot-imapd and openssl.
"""

from __future__ import annotations

import base64
import hmac
import imaplib
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from string import Template
from typing import NamedTuple

if __name__ == "__main__":  # then the path begins with this file's folder
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.live.certificates import (
    Certificates,
    make_certificates,
    make_client_authority,
    make_client_certificate,
)
from tests.live.daemons import (
    await_greeting,
    is_available,
    public_directory,
    reserved_ports,
    stop,
)
from tests.live.server import EXTENSIONS, PASSWORD, Server, Traits

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

_CONFIGURATION = Template(r"""
$dialect

base_dir = $directory/run
state_dir = $directory/state
log_path = $directory/dovecot.log
protocols = imap
listen = $addresses

ssl = yes
ssl_min_protocol = TLSv1.2

auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256$more_mechanisms
# Any character may occur in a user's name.
auth_username_chars =
# A refused login is answered at once. Without the first passdb there would still be half a second.
auth_failure_delay = 0

first_valid_uid = 1
mail_fsync = never
mail_max_userip_connections = 0
# The fallback for IDLE when the kernel's inotify instances run out.
mailbox_idle_check_interval = 1 s
imap_metadata = yes
imap_urlauth_host = localhost
imap_max_line_length = 1 M

namespace inbox {
  inbox = yes
  separator = /
  prefix =
  mailbox Drafts {
    special_use = ${backslash}Drafts
    auto = create
  }
  mailbox Sent {
    special_use = ${backslash}Sent
    auto = create
  }
  mailbox Junk {
    special_use = ${backslash}Junk
    auto = create
  }
  mailbox Trash {
    special_use = ${backslash}Trash
    auto = create
  }
}
namespace shared {
  type = shared
  separator = /
  subscriptions = no
  list = children
}

default_process_limit = 4096
default_client_limit = 8192
service imap-login {
  # One process serves all logins, and stays.
  $without_end
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
  $without_end
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

_DIALECT_2_3 = Template(r"""
ssl_cert = <$certificate
ssl_key = <$key
disable_plaintext_auth = no

# Who shows a certificate of this authority is whom its CN names.
ssl_ca = <$clients_ca
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
passdb {
  driver = static
  args = noauthenticate=y nodelay=y
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $directory/oauth2.conf
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

mail_location = sdbox:%h/sdbox
mail_plugins = acl quota zlib
mail_attribute_dict = file:%h/attributes
imap_id_send = name * version *

namespace shared {
  prefix = Shared/%%u/
  location = sdbox:%%h/sdbox
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
""")

_DIALECT_2_4 = Template(r"""
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0

ssl_server_cert_file = $certificate
ssl_server_key_file = $key
auth_allow_cleartext = yes
# By default they are lowered.
auth_username_format = %{user}

passdb first {
  driver = static
  fields {
    noauthenticate = y
    nodelay = y
  }
}
passdb passwd-file {
  passwd_file_path = $directory/users
}
# Every test may have users of its own without a change to any file.
passdb others {
  driver = static
  username_filter = test*
  passdb_static_password = $password
}
userdb static {
  fields {
    uid = mail
    gid = mail
    home = $directory/mail/%{user}
  }
  userdb_static_allow_all_users = yes
}

mail_driver = sdbox
mail_path = ~/sdbox
mail_plugins {
  acl = yes
  quota = yes
  mail_compress = yes
}
mail_attribute {
  dict file {
    path = %{home}/attributes
  }
}
imap_id_send {
  name = Dovecot
  version = 2.4
}

namespace shared {
  prefix = Shared/$$user/
  mail_driver = sdbox
  mail_path = %{owner_home}/sdbox
}
protocol imap {
  mail_plugins {
    imap_acl = yes
    imap_quota = yes
  }
}
acl_driver = vfile
acl_sharing_map {
  dict file {
    path = $directory/state/shared-mailboxes
  }
}
quota "User quota" {
  driver = count
  storage_size = 10G
  message_count = 1000000
}
""")


_OAUTH = Template("""\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$directory/keys/
username_attribute = sub
""")


class _Dialect(NamedTuple):
    """How a version of Dovecot wants its configuration written."""

    settings: Template
    """Those that have other names in other versions."""
    without_end: str
    """The setting that lets a process serve one session after the other."""
    backslash: str
    """How one is written in a value."""
    more_mechanisms: str = ""
    """Those that only settings of this version offer."""


_DIALECTS = {
    "2.3": _Dialect(_DIALECT_2_3, "service_count = 0", "\\", " xoauth2 oauthbearer external"),
    "2.4": _Dialect(_DIALECT_2_4, "restart_request_count = unlimited", r"\\"),
}
"""By the version's first two numbers."""


_TRAITS = Traits(
    name="dovecot",
    namespaces=b'(("" "/")) (("Shared/" "/")) NIL',
    extensions=EXTENSIONS,
    goodbye=b"Logging out",
    refusal="[AUTHENTICATIONFAILED]",
    unknown_mechanism="Unsupported authentication mechanism",
    unknown_mailbox=b"doesn't exist",
    unknown_command="Unknown ",
    unknown_type="BAD",
    unknown_message="BAD",
    rights="lrwstipekxacd",
    no_right=b"[NOPERM] ",
    quota_root="User quota",
    no_quota=rb"only by admin|\[NOPERM\]",
    after_deletion="server said BYE: ",
    shared="Shared/{}/",
    values_are_literals=True,
)


class Dovecot(Server):
    """A Dovecot of our own on the loopback interface, from ``with`` to the end of its block.

    Enter it in the main thread: the server ends when the thread that started it does, so that a
    test run that is killed leaves no server behind.
    """

    host = "localhost"
    users = USERS
    traits = _TRAITS

    def __init__(self) -> None:
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
        if (version := _version()) not in _DIALECTS:
            return f"Dovecot {version}: the configurations here are for {' and '.join(_DIALECTS)}"
        return None

    def __enter__(self) -> Dovecot:
        with ExitStack() as cleanup:
            self.directory = cleanup.enter_context(_server_directory())
            self.addresses = tuple(filter(is_available, ("127.0.0.1", "::1")))
            certificates = make_certificates(self.directory)
            self.ca_file = str(certificates.ca)
            # Until the end: nobody else is to take them while it restarts.
            reserved = reserved_ports(self.addresses, 2)
            self.port, self.tls_port = cleanup.enter_context(reserved)
            self._write_configuration(certificates)
            self._running = cleanup.enter_context(ExitStack())
            self._start()
            self._cleanup = cleanup.pop_all()
        return self

    def _start(self) -> None:
        self._process = self._running.enter_context(_daemon(self._configuration, self._log))
        if not await_greeting((self.addresses[0], self.port), self._process):
            log = self._log.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"Dovecot did not start:\n{log[-4000:]}")

    def restart(self) -> None:
        self._process.kill()
        self._running.close()
        self._start()

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

    def token(self, user: str) -> str | None:
        """An OAuth access token of *user*: a JWT that is signed with a key of the server."""
        if not _DIALECTS[_version()].more_mechanisms:
            return None
        now = int(time.time())
        claims = {"sub": user, "iat": now - 10, "nbf": now - 10, "exp": now + 3600}
        parts = [_base64url(json.dumps(part).encode()) for part in (_JWT_HEADER, claims)]
        signature = hmac.digest(self._key, ".".join(parts).encode(), "sha256")
        return ".".join([*parts, _base64url(signature)])

    def client_certificate(self, user: str) -> str | None:
        """The file of a certificate, with its key, that *user* logs in by."""
        if not _DIALECTS[_version()].more_mechanisms:
            return None
        return str(make_client_certificate(self._clients_ca, user))

    @property
    def _configuration(self) -> Path:
        return self.directory / "dovecot.conf"

    @property
    def _log(self) -> Path:
        return self.directory / "dovecot.log"

    def _write_configuration(self, certificates: Certificates) -> None:
        self._clients_ca = make_client_authority(self.directory)
        dialect = _DIALECTS[_version()]
        text = _CONFIGURATION.substitute(
            dialect=dialect.settings.substitute(
                directory=self.directory,
                certificate=certificates.certificate,
                key=certificates.key,
                clients_ca=self._clients_ca,
                password=PASSWORD,
            ),
            without_end=dialect.without_end,
            backslash=dialect.backslash,
            more_mechanisms=dialect.more_mechanisms,
            directory=self.directory,
            addresses=", ".join(self.addresses),
            port=self.port,
            tls_port=self.tls_port,
        )
        self._configuration.write_text(text, encoding="utf-8")
        lines = itertools.starmap(_passwd_line, self.users.items())
        (self.directory / "users").write_text("".join(lines), encoding="utf-8")
        text = _OAUTH.substitute(directory=self.directory)
        (self.directory / "oauth2.conf").write_text(text, encoding="ascii")
        self._key = os.urandom(32)
        keys = self.directory / "keys/default/HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(base64.b64encode(self._key))


_JWT_HEADER = {"alg": "HS256", "typ": "JWT"}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _version() -> str:
    """The first two numbers of that of the Dovecot that is installed."""
    said = subprocess.run(
        [_DAEMON, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    ).stdout.decode("ascii", "replace")
    return ".".join(said.split(".")[:2])


@contextmanager
def _server_directory() -> Iterator[Path]:
    """A directory that the mail user can enter, with the parts that Dovecot expects to find."""
    with public_directory("dovecot-") as directory:
        for name, mode in (("run", 0o755), ("state", 0o1777), ("mail", 0o700)):
            (directory / name).mkdir()
            (directory / name).chmod(mode)
        shutil.chown(directory / "mail", "mail", "mail")
        yield directory


def _passwd_line(user: str, password: str) -> str:
    """The user's line in Dovecot's passwd-file; base64 spares the password all quoting."""
    name = re.sub(r"""(["'\\])""", r"\\\1", user)
    secret = base64.b64encode(password.encode()).decode()
    return f"{name}:{{PLAIN.b64}}{secret}::::::\n"


@contextmanager
def _daemon(configuration: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Dovecot's master process, leader of a session that holds all of Dovecot's processes."""
    import resource  # which Windows lacks, where tests know no Dovecot

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
        stop(process)


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
