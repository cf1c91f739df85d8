"""Where passwords and tokens come from: never from the command line, which everybody may see."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from .._errors import escaped
from .._hints import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from .failures import USAGE, Failure

if TYPE_CHECKING:
    from .console import Console

#: For help texts.
ORDER: Final = """\
the password is taken from the first of these that has one:
  --password-command, --password-file, or those of the account
  the environment variable IMAPLIB2_PASSWORD
  ~/.netrc, or the file that NETRC names: "machine HOST login USER password ..."
  the keyring, if the package keyring is installed: keyring set HOST USER
  a prompt on the terminal"""

_VARIABLE = "IMAPLIB2_PASSWORD"
Password: TypeAlias = Callable[[], str]


class Wanted(NamedTuple):
    """Whose password it is, and what was said of where it is."""

    host: str
    user: str
    command: str | None = None
    file: str | None = None


def find(wanted: Wanted, console: Console) -> str:
    """The password of *wanted*. Raises `Failure` when none is found.

    A prompt appears on the terminal itself, whatever standard input and output are.
    """
    if wanted.command:
        return output_of(wanted.command, "password command")
    if wanted.file:
        return _of_file(wanted.file, console)
    for source in (_of_environment, _of_netrc, _of_keyring, _asked):
        found = source(wanted, console)
        if found is not None:
            return found
    raise Failure(
        f"There is no password of {wanted.user} on {wanted.host}, and no terminal to ask for it.",
        "Name where it is by --password-file or --password-command, or set IMAPLIB2_PASSWORD.",
        USAGE,
    )


def netrc_user(host: str, console: Console) -> str | None:
    """The user that .netrc names for *host*."""
    entry = _netrc_entry(host, console)
    return entry[0] or None if entry else None


def output_of(command: str, what: str) -> str:
    """The first line that a *command* of the shell writes; *what* names it in a `Failure`.

    It has the terminal for what it asks, and standard error.
    """
    import subprocess

    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failure(
            f"The {what} has failed, with exit status {done.returncode}.",
            f"It is: {command}",
        )
    return _first_line(done.stdout, f"The {what} has written")


def _of_file(path: str, console: Console) -> str:
    path = os.path.expanduser(path)
    try:
        with open(path, "rb") as file:
            _warn_if_shared(path, file.fileno(), console)
            return _first_line(file.readline(), f"In the file {path} there is")
    except OSError as problem:
        raise Failure(f"The password file can't be read: {problem}.", "", USAGE) from None


def _first_line(data: bytes, beginning: str) -> str:
    """The password in *data*; its line end doesn't belong to it."""
    line = data.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise Failure(f"{beginning} no password: its first line is empty.", "", USAGE)
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure(f"{beginning} what isn't UTF-8.", "", USAGE) from None


def _warn_if_shared(path: str, descriptor: int, console: Console) -> None:
    """Warn of a file of passwords that other users may read. Windows has other rights."""
    if os.name == "posix" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
        console.warn(f"Others may read {path}.", f"Keep it to yourself: chmod 600 {path}")


#: What the environment has had, once it is `concealed`.
_from_environment: list[str] = []


def conceal() -> None:
    """Take the password out of the environment, which all children of this process would get."""
    found = os.environ.pop(_VARIABLE, None)
    if found:
        _from_environment[:] = [found]


def _of_environment(wanted: Wanted, console: Console) -> str | None:
    return os.environ.get(_VARIABLE) or next(iter(_from_environment), None)


def _of_netrc(wanted: Wanted, console: Console) -> str | None:
    entry = _netrc_entry(wanted.host, console)
    if entry is None or entry[0] not in ("", wanted.user):
        return None
    return entry[1] or None


def _netrc_entry(host: str, console: Console) -> tuple[str, str] | None:
    """User and password of *host*; None when there is no entry, or no file."""
    import netrc

    path = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    try:
        with open(path, "rb") as file:
            descriptor = file.fileno()
            entry = netrc.netrc(path).hosts.get(host)
            if entry is not None and entry[2]:
                _warn_if_shared(path, descriptor, console)
    except OSError:
        return None
    except netrc.NetrcParseError as problem:
        # What it says besides quotes the file, perhaps a password.
        console.warn(f"{path} can't be understood: see its line {problem.lineno}.")
        return None
    except UnicodeDecodeError:
        console.warn(f"{path} can't be understood: it isn't UTF-8.")
        return None
    return None if entry is None else (entry[0] or "", entry[2] or "")


def _of_keyring(wanted: Wanted, console: Console) -> str | None:
    try:
        import keyring
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(wanted.host, wanted.user)
        return found
    # Each of its backends has exceptions of its own.
    except Exception as problem:
        console.warn(f"The keyring can't be asked: {problem}")
        return None


def _asked(wanted: Wanted, console: Console) -> str | None:
    import getpass

    if not _has_terminal():
        return None
    try:
        prompt = f"Password of {wanted.user} on {wanted.host}: "
        return getpass.getpass(escaped(prompt))
    except EOFError:
        return None


def _has_terminal() -> bool:
    """Whether there is somebody to ask."""
    if os.name == "nt":
        import sys

        return sys.stdin is not None and sys.stdin.isatty()
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
