"""A private Cyrus IMAP 3.6 for the tests: a second real server, with habits of its own.

Needs root, because Cyrus does, and the Debian packages cyrus-common, cyrus-imapd and openssl. As
cyrus-imapd can't be installed beside dovecot-imapd, an unpacked copy of it will do:

    apt-get download cyrus-imapd
    dpkg -x cyrus-imapd_*.deb FOLDER

and IMAPLIB2_CYRUS=FOLDER in the environment of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from string import Template

from .certificates import Certificates, make_certificates
from .daemons import await_greeting, public_directory, reserved_ports, stop
from .server import EXTENSIONS, PASSWORD, Server, Traits

USERS = {
    "alice": PASSWORD,
    "bob": PASSWORD,
    "carol": PASSWORD,
    "uni": "pässwörd-☃-日本",
    "quote": 'a "b" \\c d\\',
}
"""The users with a name of their own, and their passwords."""

_MASTER = "/usr/lib/cyrus/bin/master"
_LOAD = "db5.3_load"
_ADDRESS = "127.0.0.1"

_SETTINGS = Template("""\
servername: localhost
configdirectory: $directory/state
defaultpartition: default
partition-default: $directory/mail
temp_path: $directory/temporary
admins: cyrus
# Mailboxes have the names that they have elsewhere: Sent/2024 instead of INBOX.Sent.2024.
altnamespace: yes
unixhierarchysep: yes

allowplaintext: yes
failedloginpause: 0s
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: $directory/passwords
sasl_mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
sasl_maximum_layer: 0
maxlogins_per_host: 0
maxlogins_per_user: 0

tls_server_cert: $certificate
tls_server_key: $key
tls_client_certs: off
tls_versions: tls1_2 tls1_3

# The first login of a user creates the mailboxes; without a quota it would not.
autocreate_quota: 10000000
autocreate_inbox_folders: Drafts | Sent | Junk | Trash
annotation_allow_undefined: yes
delete_mode: immediate
expunge_mode: immediate
skiplist_unsafe: yes
# What happens while an IDLE begins may be seen by nobody but this poll.
imapidlepoll: 1s
""")

# The programs don't inherit -C: without it they would use the settings of the system.
_SERVICES = Template("""\
START {
  recover cmd="ctl_cyrusdb -C $directory/imapd.conf -r"
}
DAEMON {
  idled cmd="$programs/idled -C $directory/imapd.conf"
}
SERVICES {
  imap cmd="$programs/imapd -C $directory/imapd.conf" listen="$address:$port" prefork=2
  imaps cmd="$programs/imapd -C $directory/imapd.conf -s" listen="$address:$tls_port" prefork=1
}
EVENTS {
}
""")


_TRAITS = Traits(
    name="cyrus",
    namespaces=b'(("" "/")) (("Other Users/" "/")) (("Shared Folders/" "/"))',
    extensions=EXTENSIONS,
    goodbye=b"LOGOUT received",
    refusal="authentication failure",
    unknown_mechanism="no mechanism available",
    unknown_mailbox=b"Mailbox does not exist",
    unknown_command="Invalid Fetch attribute|Missing annotation entry|Unrecognized command",
    unknown_type="BAD",
    unknown_message="NO",
    rights="lrswipkxtecdan",
    no_right=b"Permission denied",
    quota_root="INBOX",
    no_quota=b"Permission denied",
    after_deletion="socket error: EOF",
    shared="Other Users/{}/",
    subscribed=frozenset(["INBOX"]),
    refused_names=frozenset(
        [
            *('double "quotes"', '"', "back\\slash", "trailing\\", '☃ & "ü" \\'),
            *("{5}", "{5+} x", "100%", "a,b;c~d"),
        ]
    ),
    has_preauth=False,
    shows_quota=False,
    tells_idle_at_once=False,
    load=0.1,
)


class Cyrus(Server):
    """A Cyrus of our own on the loopback interface, from ``with`` to the end of its block.

    Enter it in the main thread: the server ends when the thread that started it does, so that a
    test run that is killed leaves no server behind.
    """

    host = _ADDRESS
    addresses = (_ADDRESS,)
    users = USERS
    traits = _TRAITS

    def __init__(self) -> None:
        self._unused = [f"test{number:04}" for number in range(1000)]
        self._cleanup = ExitStack()

    @staticmethod
    def missing() -> str | None:
        """Why no server can be started here; None when one can."""
        if sys.platform != "linux" or os.geteuid() != 0:
            return "Cyrus can only be started by root, on Linux"
        for program in (_MASTER, *map(str, _programs()), _LOAD, "openssl", "setpriv"):
            if shutil.which(program) is None:
                return f"{program} is missing; tests/live/cyrus.py says where it comes from"
        return _unsuitable_version()

    def __enter__(self) -> Cyrus:
        with ExitStack() as cleanup:
            self.directory = cleanup.enter_context(_server_directory())
            certificates = make_certificates(self.directory)
            self.ca_file = str(certificates.ca)
            shutil.chown(certificates.key, "cyrus")
            _write_passwords(
                self.directory / "passwords", USERS | dict.fromkeys(self._unused, PASSWORD)
            )
            # Until the end: nobody else is to take them while it restarts.
            self.port, self.tls_port = cleanup.enter_context(reserved_ports((_ADDRESS,), 2))
            self._write_configuration(certificates)
            self._running = cleanup.enter_context(ExitStack())
            self._start()
            self._cleanup = cleanup.pop_all()
        return self

    def _start(self) -> None:
        self._process = self._running.enter_context(_daemon(self.directory))
        if not await_greeting((self.host, self.port), self._process):
            raise RuntimeError("Cyrus did not start; the system's log may tell why")

    def restart(self) -> None:
        self._process.kill()
        self._running.close()
        self._start()

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def new_user(self) -> str:
        """The name of a user that nobody has used yet; its password is PASSWORD."""
        return self._unused.pop()

    def _write_configuration(self, certificates: Certificates) -> None:
        values = {
            "directory": self.directory,
            "programs": self.directory / "programs",
            "certificate": certificates.certificate,
            "key": certificates.key,
            "address": _ADDRESS,
            "port": self.port,
            "tls_port": self.tls_port,
        }
        for name, template in (("imapd.conf", _SETTINGS), ("cyrus.conf", _SERVICES)):
            (self.directory / name).write_text(template.substitute(values), encoding="ascii")


def _programs() -> list[Path]:
    """What cyrus-imapd adds to cyrus-common, installed or unpacked."""
    folder = Path(os.environ.get("IMAPLIB2_CYRUS", "/")) / "usr/lib/cyrus/bin"
    return [folder / "imapd", folder / "idled"]


def _unsuitable_version() -> str | None:
    version = subprocess.run(
        [_MASTER, "-V"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    ).stdout.decode("ascii", "replace")
    if version.startswith("cyrus-imapd 3.6."):
        return None
    return f"{version.strip()}: the configuration here is for version 3.6"


@contextmanager
def _server_directory() -> Iterator[Path]:
    """A directory that the cyrus user can enter, with the parts that Cyrus expects to find."""
    with public_directory("cyrus-") as directory:
        for name in ("state", "state/socket", "mail", "temporary"):
            (directory / name).mkdir()
            shutil.chown(directory / name, "cyrus", "mail")
        (directory / "programs").mkdir()
        for program in _programs():  # they may be where only root can go
            shutil.copy(program, directory / "programs")
        yield directory


def _write_passwords(database: Path, users: Mapping[str, str]) -> None:
    """A database as Cyrus's SASL library has it: ``user NUL realm NUL property``, password."""
    lines = []
    for user, password in users.items():
        for text in (f"{user}\0localhost\0userPassword", password):
            lines.append("".join(f"\\{byte:02x}" for byte in text.encode()))
    done = subprocess.run(
        [_LOAD, "-T", "-t", "hash", str(database)],
        input="\n".join(lines).encode() + b"\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(f"{_LOAD} failed: {done.stdout.decode(errors='replace')}")
    shutil.chown(database, "cyrus")


@contextmanager
def _daemon(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Cyrus's master process, leader of a session that holds all of Cyrus's processes."""
    process = subprocess.Popen(
        [
            # As root it would change to this user by itself, and lose the signal thereby.
            *("setpriv", "--reuid=cyrus", "--regid=mail", "--clear-groups", "--pdeathsig=TERM"),
            *(_MASTER, "-C", "imapd.conf", "-M", "cyrus.conf", "-p", "state/master.pid"),
        ],
        stdin=subprocess.DEVNULL,
        cwd=directory,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)
