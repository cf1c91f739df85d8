"""A Dovecot of our own, 2.3 or 2.4, with one user and an empty INBOX, in a folder for the moment.

It runs as whoever starts it; if that is root, for whom Dovecot keeps no mail, as nobody.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from string import Template

from ..._clock import Clock
from ..._hints import Any
from ..failures import Failure
from . import children

#: Seconds until it must greet.
_PATIENCE = 10.0

_COMMON = Template("""\
$dialect
base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/log
protocols = imap
listen = 127.0.0.1
ssl = no
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
# By default it is 500, which users of the system are below.
first_valid_uid = 1
mail_fsync = never
# Where the system has no inotify to spare, as many a Dovecot runs there.
mailbox_idle_check_interval = 1 s
service imap-login {
  chroot =
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
""")
_DIALECTS = {
    "2.3": Template("""\
disable_plaintext_auth = no
mail_location = maildir:$folder/mail
passdb {
  driver = passwd-file
  args = $folder/users
}
userdb {
  driver = static
  args = uid=$user gid=$group home=$folder/mail
}
"""),
    "2.4": Template("""\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = $folder/mail
passdb passwd-file {
  passwd_file_path = $folder/users
}
userdb static {
  fields {
    uid = $user
    gid = $group
    home = $folder/mail
  }
}
"""),
}


def program() -> str | None:
    """Where Dovecot is; None when there is none, or none that can be started here."""
    if os.name != "posix" or not os.path.exists("/usr/lib/dovecot/imap"):
        return None
    found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return found if found and _version(found) in _DIALECTS else None


def _version(found: str) -> str:
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return ".".join(done.stdout.split(".")[:2])


@contextlib.contextmanager
def started(found: str, user: str, password: str, port: int) -> Iterator[None]:
    """Run the Dovecot that was *found* on *port* of 127.0.0.1. Raises `Failure` if it won't."""
    with tempfile.TemporaryDirectory(prefix="imaplib2-") as folder:
        _write(folder, "users", f"{user}:{{PLAIN}}{password}\n")
        owner, group, options = _runs_as(folder)
        names = {"folder": folder, "user": owner, "group": group, "port": port}
        dialect = _DIALECTS[_version(found)].substitute(names)
        _write(folder, "dovecot.conf", _COMMON.substitute(names, dialect=dialect), 0o644)
        process = subprocess.Popen(
            [found, "-F", "-c", f"{folder}/dovecot.conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder, **options,
        )  # fmt: skip
        try:
            _await_greeting(process, port, f"{folder}/log")
            yield
        finally:
            process.terminate()
            process.wait()


def _runs_as(folder: str) -> tuple[str, str, dict[str, Any]]:
    """The user and the group that it runs as, and what subprocess has to know of that.

    What is in *folder* is given to them.
    """
    import grp
    import pwd

    is_root = os.geteuid() == 0
    entry = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
    user, group = entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name
    if not is_root:
        return user, group, {}
    for path in (folder, *(one.path for one in os.scandir(folder))):
        shutil.chown(path, user, group)
    return user, group, {"user": user, "group": group, "extra_groups": []}


def _write(folder: str, name: str, text: str, mode: int = 0o600) -> None:
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "w", encoding="utf-8") as file:
        file.write(text)


def _await_greeting(process: subprocess.Popen[Any], port: int, log: str) -> None:
    until = Clock.now() + _PATIENCE
    while Clock.now() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as sock:
            if sock.recv(4) == b"* OK":
                return
        time.sleep(0.02)
    last = ""
    with contextlib.suppress(OSError), open(log, encoding="utf-8", errors="replace") as file:
        *_, last = ["", *file]
    raise Failure(f"Dovecot doesn't start: {last.strip() or 'it tells no reason'}")


def main() -> None:
    """Serve until standard input ends."""
    told = children.first_line()
    try:
        with started(told["program"], told["user"], told["password"], told["port"]):
            children.answer({"port": told["port"]})
            sys.stdin.read()
    except Failure as failure:
        sys.exit(failure.text)


if __name__ == "__main__":
    main()
