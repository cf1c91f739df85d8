"""Commands on a terminal, as people see them: colours, prompts, Ctrl-C, and no room."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from imaplib2._cli.failures import INTERRUPTED, OK, PIPE_CLOSED, REFUSED

from ...needs import need_package
from ...server.scripted import Command, ScriptedServer, Session, mailbox
from .helpers import at, saying

Serve = Callable[..., ScriptedServer]

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals"),
    # The child becomes another program at once.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

_SECONDS = 30.0
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The command in a child, on a terminal of its own."""

    def __init__(self, *arguments: str, columns: int = 80, **environment: str) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        known = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": path}
        usual = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLUMNS": ""}
        command = [sys.executable, "-m", "imaplib2", *arguments]
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            size = struct.pack("HHHH", 24, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            # It may be ignored, as in what a shell has started in the background.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvpe(command[0], command, {**known, **usual, **environment})
        self.got = ""
        self.status: int | None = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: Any, trace: TracebackType | None
    ) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def wait_for(self, text: str) -> None:
        while text not in self.got:
            assert self._read(), self.got

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def end(self) -> str:
        """All that was shown, once the command has ended."""
        while self._read():
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.got

    def _read(self) -> bool:
        assert select.select([self._terminal], [], [], _SECONDS)[0], self.got
        try:
            data = os.read(self._terminal, 65536)
        # What Linux says once nobody has the terminal open.
        except OSError:
            data = b""
        self.got += data.decode().replace("\r\n", "\n")
        return bool(data)


def listing(server: ScriptedServer) -> tuple[str, ...]:
    return "ls", at(server), "--plain"


def test_a_prompt_hides_what_is_typed(serve: Serve) -> None:
    given: list[bytes] = []

    def login(session: Session, command: Command) -> None:
        given.append(command.words[1])
        session.peer.ok(command)

    with Terminal(*listing(serve(partial(mailbox, handlers={"LOGIN": login})))) as terminal:
        terminal.wait_for("Password of fred on 127.0.0.1: ")
        terminal.type("pässwörd\n")
        shown = terminal.end()
    assert terminal.status == OK
    assert given == ["pässwörd".encode()]
    assert "pässwörd" not in shown
    assert "INBOX" in shown


def test_ctrl_c_at_the_prompt(serve: Serve) -> None:
    with Terminal(*listing(serve(mailbox))) as terminal:
        terminal.wait_for("Password of fred")
        terminal.type("\x03")
        shown = terminal.end()
    assert terminal.status == INTERRUPTED
    assert "Traceback" not in shown


def test_ctrl_c_while_the_server_is_silent(serve: Serve) -> None:
    """It ends at once: a logout would wait for the server."""

    def listen(session: Session, command: Command) -> None:
        session.peer.hold()

    server = serve(partial(mailbox, handlers={"LIST": listen}))
    with Terminal(*listing(server), "--trace", IMAPLIB2_PASSWORD="x") as terminal:
        terminal.wait_for("> ")
        terminal.wait_for("LIST")
        begun = time.monotonic()
        terminal.type("\x03")
        shown = terminal.end()
    assert time.monotonic() - begun < 2
    assert terminal.status == INTERRUPTED
    assert "Traceback" not in shown
    assert "Exception" not in shown


@pytest.fixture(params=["with rich", "without rich"])
def looks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment in which rich is there, or isn't."""
    if request.param == "with rich":
        need_package("rich")
        yield {}
        return
    (tmp_path / "rich.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    yield {"PYTHONPATH": path}


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("command", ["ls", "check"])
def test_all_fits(command: str, columns: int, looks: dict[str, str], serve: Serve) -> None:
    """But what can't be broken: fingerprints, paths, long words."""
    boxes: dict[bytes, Any] = {b"Archive/" + b"long name " * 9: {}, "日本".encode(): {}}
    server = serve(partial(mailbox, mailboxes=boxes))
    arguments = (command, at(server), "--plain")
    with Terminal(*arguments, columns=columns, IMAPLIB2_PASSWORD="x", **looks) as terminal:
        shown = terminal.end()
    assert terminal.status == OK
    lines = _ESCAPE.sub("", shown).splitlines()
    assert [line for line in lines if len(line) > columns and len(line.split()) > 2] == []
    assert ("\x1b[" in shown) is (not looks)


def test_no_colour(serve: Serve) -> None:
    need_package("rich")
    with Terminal(*listing(serve(mailbox)), IMAPLIB2_PASSWORD="x", NO_COLOR="1") as terminal:
        shown = terminal.end()
    # Bold and dim are no colours; none of them is there without a style.
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)


def test_what_servers_send_does_nothing_to_a_terminal(looks: dict[str, str], serve: Serve) -> None:
    evil = b"\x1b]0;evil\x07\x1b[2J\xc2\x9b31m"
    refuse = saying([], b"NO", b"[AUTHENTICATIONFAILED] " + evil)
    script = partial(mailbox, handlers={"LOGIN": refuse}, greeting=b"* OK " + evil)
    for command in ("check", "ls"):
        arguments = command, at(serve(script)), "--plain"
        with Terminal(*arguments, IMAPLIB2_PASSWORD="x", **looks) as terminal:
            shown = terminal.end()
        assert terminal.status == REFUSED
        assert "\\x1b]0;evil\\x07\\x1b[2J\\u009b31m" in "".join(_ESCAPE.sub("", shown).split())
        assert not {"\x07", "\x9b"} & set(shown)
        assert "\x1b]" not in shown
        assert "\x1b[2J" not in shown


def test_a_pager_that_has_seen_enough(serve: Serve) -> None:
    boxes: dict[bytes, Any] = {b"m%d" % number: {} for number in range(3000)}
    command = [sys.executable, "-m", "imaplib2", *listing(serve(partial(mailbox, mailboxes=boxes)))]
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "IMAPLIB2_PASSWORD": "x", "PYTHONPATH": path}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == PIPE_CLOSED


def test_an_output_without_unicode(serve: Serve) -> None:
    boxes: dict[bytes, Any] = {b"Entw&APw-rfe/x": {}}
    command = [sys.executable, "-m", "imaplib2", *listing(serve(partial(mailbox, mailboxes=boxes)))]
    path = os.pathsep.join(filter(None, sys.path))
    environment = {
        **os.environ, "IMAPLIB2_PASSWORD": "x", "PYTHONPATH": path, "PYTHONIOENCODING": "ascii",
    }  # fmt: skip
    done = subprocess.run(command, capture_output=True, env=environment, check=True, timeout=50)
    assert done.stderr == b""
    assert b"\nEntw\\xfcrfe  no mailbox\n`-- x " in done.stdout
