"""A private Courier-IMAP 5.0 for the tests: the real server that differs most from the others.

Needs root, mount and process namespaces, overlayfs, Perl, openssl and Courier's Debian packages.
These can't be installed beside other IMAP servers, but an unpacked copy will do:

    apt-get download courier-imap courier-base courier-authlib courier-authdaemon \\
        courier-authlib-userdb libcourier-unicode4 gamin libgamin0 libltdl7
    for file in *.deb; do dpkg -x "$file" FOLDER; done

and IMAPLIB2_COURIER=FOLDER in the environment of the tests. The paths of its parts are compiled
in; its processes see them where they expect them, and nobody else does.
"""

from __future__ import annotations

import functools
import itertools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .certificates import Certificates, make_certificates
from .daemons import await_greeting, end_session, public_directory, reserved_ports
from .server import PASSWORD, Server, Traits

USERS = {
    "alice": PASSWORD,
    "bob": PASSWORD,
    "carol": PASSWORD,
    "uni": "pässwörd-☃-日本",
    "quote": 'a "b" \\c d\\',
}
"""The users with a name of their own, and their passwords."""

_ADDRESS = "127.0.0.1"
_SPARE_USERS = 1000

_SETTINGS = """
IMAP_CAPABILITY="IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES \
SORT QUOTA IDLE ACL AUTH=PLAIN AUTH=CRAM-MD5"
IMAP_IDLE_TIMEOUT=1
IMAP_ULIMITD=1048576
IMAP_TRASHFOLDERNAME=
IMAP_EMPTYTRASH=
IMAP_SHAREDINDEXFILE=/etc/courier/shared-index
"""

_TLS_SETTINGS = """
TLS_CERTFILE=/etc/courier/imapd.pem
TLS_DHPARAMS=
TLS_CACHEFILE=
TLS_TRUSTCERTS=
"""

_ACCOUNT = "courier:x:64999:64999::/nonexistent:/usr/sbin/nologin\n"
_GROUP = "courier:x:64999:\n"

# The directory's path stays what it is, although /tmp becomes another one: Courier's gam_server
# keeps its sockets there, and would talk to those of other namespaces.
_OVERLAY = """
mount -n -t overlay overlay -o "lowerdir=$PACKAGES/usr:/usr" /usr
mount -n -t overlay overlay -o "lowerdir=$DIRECTORY/etc:/etc" /etc
mount -n -t overlay overlay -o "lowerdir=$DIRECTORY/run:/run" /run
mount -n --bind "$DIRECTORY/etc/courier" /etc/courier
mount -n --bind "$DIRECTORY/run/courier" /run/courier
mount -n --bind "$DIRECTORY" /mnt
mount -n -t tmpfs tmpfs /tmp
mkdir -p "$DIRECTORY"
mount -n --move /mnt "$DIRECTORY"
"""

# The database of users, from a file with a user's name and password in each line.
_USERS = r"""
while IFS='|' read -r user password; do
    if [ "$password" != "$known" ]; then
        known=$password
        fields="imappw=$(printf %s "$password" | openssl passwd -1 -stdin)"
        fields="$fields|hmac-md5pw=$(printf '%s\n' "$password" | userdbpw -hmac-md5)"
    fi
    printf '%s\tuid=8|gid=8|home=%s|%s\n' "$user" "$DIRECTORY/mail/$user" "$fields"
done <"$DIRECTORY/users" >/etc/courier/userdb
makeuserdb
"""

_SERVE = """
/usr/lib/courier/courier-authlib/authdaemond &
until [ -S /run/courier/authdaemon/socket ]; do sleep 0.01; done
set -a
. /etc/courier/imapd
. /etc/courier/imapd-ssl
daemon="couriertcpd -address=$LOOPBACK -maxprocs=1200 -maxperip=1200 -nodnslookup -noidentlookup"
login="/usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir"
IMAP_STARTTLS=YES $daemon $PLAIN_PORT $login &
IMAP_STARTTLS=NO IMAP_TLS=1 $daemon $ENCRYPTED_PORT /usr/bin/couriertls -server -tcpd $login &
wait
"""

_TRAITS = Traits(
    name="courier",
    namespaces=b'(("INBOX." ".")) NIL (("#shared." ".")("shared." "."))',
    extensions=frozenset(),
    goodbye=b"Courier-IMAP server shutting down",
    refusal="Login failed.",
    unknown_mechanism="Login failed.",
    unknown_mailbox=b"Mailbox does not exist",
    unknown_command="Error in IMAP command received by server.",
    unknown_type="NO",
    unknown_message="OK",
    rights="acdilrsw",
    no_right=b"Access denied for ",
    quota_root="ROOT",
    no_quota=b"No permission",
    after_deletion="",
    prefix="INBOX.",
    delimiter=".",
    owners=("owner", "administrators"),
    refused_names=frozenset(["💌", "[brackets]", "a,b;c~d"]),
    quotes_names=True,
    announces_uidnext=False,
    appended_is_recent=False,
    ends_last_line=True,
    stores_while_reading=True,
    tells_all_capabilities=True,
    is_slow=True,
    has_scram=False,
    load=0.02,
)


class Courier(Server):
    """A Courier of our own on the loopback interface, from ``with`` to the end of its block.

    Enter it in the main thread: the server ends when the thread that started it does, so that a
    test run that is killed leaves no server behind.
    """

    host = _ADDRESS
    addresses = (_ADDRESS,)
    users = USERS
    traits = _TRAITS

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._cleanup = ExitStack()

    @staticmethod
    def missing() -> str | None:
        """Why no server can be started here; None when one can."""
        if not _is_root():
            return "Courier can only be started by root, on Linux"
        if "IMAPLIB2_COURIER" not in os.environ:
            return "IMAPLIB2_COURIER is not set; tests/live/courier.py says to what"
        for program in (str(_packages() / "usr/bin/imapd"), "openssl", "perl", "unshare"):
            if shutil.which(program) is None:
                return f"{program} is missing; tests/live/courier.py says where it comes from"
        return None

    @staticmethod
    def forbidden() -> str | None:
        """Why the system lets not even root start a server; None when it does, and to others."""
        return _forbidden() if _is_root() else None

    def __enter__(self) -> Courier:
        with ExitStack() as cleanup:
            self.directory = cleanup.enter_context(_server_directory())
            certificates = make_certificates(self.directory)
            self.ca_file = str(certificates.ca)
            _write_configuration(self.directory, certificates)
            spare = dict.fromkeys(map(_spare_user, range(_SPARE_USERS)), PASSWORD)
            _write_users(self.directory, USERS | spare)
            for user in USERS:
                _make_mailboxes(self.directory, user)
            with reserved_ports((_ADDRESS,), 2) as (self.port, self.tls_port):
                self._process = cleanup.enter_context(self._daemon())
                if not await_greeting((self.host, self.port), self._process):
                    log = self._log.read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"Courier did not start:\n{log[-4000:]}")
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def new_user(self) -> str:
        """The name of a user that nobody has used yet; its password is PASSWORD."""
        user = _spare_user(next(self._numbers))
        _make_mailboxes(self.directory, user)
        return user

    def preauth_command(self, user: str) -> str:
        """A shell command that is an authenticated session of *user* on stdin and stdout."""
        home = shlex.quote(str(self.directory / "mail" / user))
        session = (
            f"set -a; . /etc/courier/imapd; cd {home};"
            f" AUTHENTICATED={user}; AUTHADDR={user}; HOME={home};"
            " exec setpriv --reuid=mail --regid=mail --clear-groups /usr/bin/imapd Maildir"
        )
        log = shlex.quote(str(self.directory / "preauth.log"))
        namespace = f"/proc/{self._process.pid}/ns/mnt"
        return f"exec nsenter --mount={namespace} sh -c {shlex.quote(session)} 2>>{log}"

    @property
    def _log(self) -> Path:
        return self.directory / "courier.log"

    @contextmanager
    def _daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The leader of a session that holds all of Courier's processes but one.

        They are in a process namespace too, because that one, gam_server, leaves the session.
        """
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PACKAGES": str(_packages()),
            "DIRECTORY": str(self.directory),
            "LOOPBACK": _ADDRESS,
            "PLAIN_PORT": str(self.port),
            "ENCRYPTED_PORT": str(self.tls_port),
        }
        with self._log.open("ab") as output:
            process = subprocess.Popen(
                [
                    # unshare puts off a SIGTERM until its child has ended.
                    *("setpriv", "--pdeathsig=KILL"),
                    *_NAMESPACES,
                    *("sh", "-ec", 'known=""' + _OVERLAY + _USERS + _SERVE),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            end_session(process.pid)


_NAMESPACES = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child")


def _packages() -> Path:
    return Path(os.environ["IMAPLIB2_COURIER"])


def _is_root() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0


@functools.cache
def _forbidden() -> str | None:
    overlay = (
        "mount -n -t overlay overlay -o lowerdir=/etc:/usr /usr && mount -n -t tmpfs tmpfs /mnt"
    )
    done = subprocess.run(
        [*_NAMESPACES, "sh", "-c", overlay],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    if not done.returncode:
        return None
    reason = done.stdout.decode(errors="replace").strip()
    return f"Courier needs a mount namespace and overlayfs: {reason}"


@contextmanager
def _server_directory() -> Iterator[Path]:
    """A directory that the mail user can enter, with the parts that Courier expects to find."""
    with public_directory("courier-") as directory:
        for name in ("etc/courier", "run/courier/authdaemon", "mail"):
            (directory / name).mkdir(parents=True)
        shutil.chown(directory / "mail", "mail", "mail")
        yield directory


def _write_configuration(directory: Path, certificates: Certificates) -> None:
    packages, folder = _packages() / "etc/courier", directory / "etc/courier"
    for name, settings in (
        ("imapd", _SETTINGS),
        ("imapd-ssl", _TLS_SETTINGS),
        ("authdaemonrc", 'authmodulelist="authuserdb"\ndaemons=3\n'),
    ):
        # The last of several settings of the same name is the one that counts.
        text = (packages / name).read_text(encoding="utf-8") + settings
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "shared-index").touch()
    pair = certificates.key.read_bytes() + certificates.certificate.read_bytes()
    (folder / "imapd.pem").write_bytes(pair)
    # After STARTTLS an account of Courier's own does the encryption.
    shutil.chown(folder / "imapd.pem", int(_ACCOUNT.split(":")[2]))
    (folder / "imapd.pem").chmod(0o600)
    for name, line in (("passwd", _ACCOUNT), ("group", _GROUP)):
        accounts = Path("/etc", name).read_text(encoding="utf-8").splitlines(keepends=True)
        others = [each for each in accounts if not each.startswith("courier:")]
        (directory / "etc" / name).write_text("".join([*others, line]), encoding="utf-8")


def _write_users(directory: Path, users: dict[str, str]) -> None:
    lines = (f"{user}|{password}\n" for user, password in users.items())
    (directory / "users").write_text("".join(lines), encoding="utf-8")
    userdb = directory / "etc/courier/userdb"
    userdb.touch(mode=0o600)


def _spare_user(number: int) -> str:
    return f"test{number:04}"


def _make_mailboxes(directory: Path, user: str) -> None:
    """A maildir with INBOX and the mailboxes that users have on the other servers, too."""
    home = directory / "mail" / user
    maildir = home / "Maildir"
    mailboxes = [maildir / f".{name}" for name in ("Drafts", "Sent", "Junk", "Trash")]
    folders = [maildir, *mailboxes]
    _make_own([home, *itertools.chain.from_iterable(map(_with_parts, folders))])
    for mailbox in mailboxes:
        (mailbox / "maildirfolder").touch()
        shutil.chown(mailbox / "maildirfolder", "mail", "mail")


def _with_parts(folder: Path) -> Iterator[Path]:
    yield folder
    yield from (folder / part for part in ("cur", "new", "tmp"))


def _make_own(folders: Iterable[Path]) -> None:
    for folder in folders:
        folder.mkdir(mode=0o700)
        shutil.chown(folder, "mail", "mail")
