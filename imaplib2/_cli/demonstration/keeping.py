"""``demo --keep``: the server stays, mail arrives, and whoever wants to tries the commands."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import util

from ..._clock import Clock
from ..._errors import error
from ..._hints import TYPE_CHECKING, NoReturn
from ..failures import Failure
from ..text import counted

if TYPE_CHECKING:
    from ..console import Console
    from .servers import Running

#: Seconds from one message that arrives to the next.
_INTERVAL = 10.0

_CONFIGURATION = """\
[accounts.demo]
host = "127.0.0.1"
port = {port}
user = "{user}"
security = "plain"
allow_clear_text = true
password_file = "{path}"
"""


def program() -> str:
    """How this program is started, as a shell reads it."""
    name = sys.argv[0]
    if os.path.basename(name) in ("__main__.py", "-m", "-c", ""):
        return f"{shlex.quote(sys.executable)} -m imaplib2"
    found = shutil.which("imaplib2")
    if found is not None and os.path.realpath(found) == os.path.realpath(name):
        return "imaplib2"
    return shlex.quote(name)


def keep(server: Running, count: int, console: Console) -> None:
    """Tell how to use *server*, which has *count* messages, and deliver more until Ctrl-C."""
    with _account(server) as (variable, host):
        _tell(server, count, variable, host, console)
        _deliver(server)


@contextlib.contextmanager
def _account(server: Running) -> Iterator[tuple[tuple[str, str], str]]:
    """A variable of the environment that is to be set, and then HOST for commands."""
    if sys.version_info < (3, 11) and util.find_spec("tomli") is None:
        address = f"{server.user}@127.0.0.1:{server.port}"
        yield ("IMAPLIB2_PASSWORD", server.password), f"{address} --plain --allow-clear-text"
        return
    # Only its owner may look into it.
    with tempfile.TemporaryDirectory(prefix="imaplib2-demo-") as folder:
        path = os.path.join(folder, "password")
        _write(path, server.password + "\n")
        shown = path.replace("\\", "\\\\")
        configuration = os.path.join(folder, "config.toml")
        fields = {"port": server.port, "user": server.user, "path": shown}
        _write(configuration, _CONFIGURATION.format(**fields))
        yield ("IMAPLIB2_CONFIG", configuration), "demo"


def _write(path: str, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _tell(
    server: Running, count: int, variable: tuple[str, str], host: str, console: Console
) -> None:
    """The lines to type in another terminal."""
    name, value = variable
    export = f"set {name}={value}" if os.name == "nt" else f"export {name}={shlex.quote(value)}"
    line = console.line
    for text in console.wrapped(
        f"An IMAP server runs on 127.0.0.1:{server.port}, with {counted(count, 'message')} for the"
        f" user {server.user}; another one arrives every {_INTERVAL:g} seconds. In another"
        " terminal, type"
    ):
        line(text)
    line()
    started = program()
    for command in (
        *_folder(started),
        export,
        f"{started} check {host}",
        f"{started} ls {host}",
        f"{started} fetch {host} INBOX --to demo-backup",
        f"{started} watch {host} INBOX",
    ):
        # Not wrapped, as lines are copied.
        line((("  " if console.is_narrow else "    ") + command, "strong"))
    line()
    line("Ctrl-C ends it, and all its mail.")


def _folder(started: str) -> list[str]:
    """What to do first where *started*, how the program is started, is a path from here."""
    is_relative = os.path.dirname(started) and not os.path.isabs(started.strip("'"))
    return [f"cd {shlex.quote(os.getcwd())}"] if is_relative else []


def _deliver(server: Running) -> NoReturn:
    """Deliver a message now and then, for ever. Raises `Failure` when the server has ended."""
    import time

    import imaplib2

    from .samples import news

    number = 0
    while True:
        time.sleep(_INTERVAL)
        try:
            with imaplib2.IMAP4("127.0.0.1", server.port) as M:
                M.login(server.user, server.password)
                M.append("INBOX", None, None, news(number, Clock.wall()))
        except (error, OSError) as problem:
            raise Failure(f"The server has ended: {problem}.") from None
        number += 1
