"""Scripts for the completion of shells, run by these."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imaplib2._cli.main import COMMANDS, parser
from imaplib2._cli.shells import SCRIPTS, commands_of

CONFIGURATION = """
[accounts.work]
host = "imap.example.org"
[accounts.world]
host = "imap.example.net"
"""

CASES = [
    ("imaplib2 che", {"check"}),
    ("imaplib2 --ver", {"--version"}),
    ("imaplib2 ls wo", {"work", "world"}),
    ("imaplib2 ls --si", {"--sizes"}),
    ("imaplib2 completion f", {"fish"}),
    ("imaplib2 check --ca-file some", {"some file.pem"}),
    ("imaplib2 check --user x", set()),
]


@pytest.fixture
def environment(nobody_home: Path) -> dict[str, str]:
    """An environment in which there are accounts, a file, and the command."""
    home = nobody_home
    configuration = home / ".config/imaplib2/config.toml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(CONFIGURATION)
    (home / "some file.pem").touch()
    command = home / "bin" / "imaplib2"
    command.parent.mkdir()
    path = os.pathsep.join(filter(None, sys.path))
    command.write_text(f"#!/bin/sh\nPYTHONPATH='{path}' exec {sys.executable} -m imaplib2 \"$@\"\n")
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def need_shell(name: str) -> None:
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        command, env=environment, cwd=environment["HOME"], capture_output=True, text=True,
        timeout=50, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


BASH = """
eval "$(imaplib2 completion bash)"
IFS=' ' read -ra COMP_WORDS <<<"$1"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_imaplib2
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("line", "found"), CASES)
def test_bash(line: str, found: set[str], environment: dict[str, str]) -> None:
    need_shell("bash")
    assert {*run(environment, "bash", "-c", BASH, "-", line).splitlines()} - {""} == found


FISH = 'imaplib2 completion fish | source; complete -C "$argv[1]"'


@pytest.mark.parametrize(("line", "found"), CASES)
def test_fish(line: str, found: set[str], environment: dict[str, str]) -> None:
    need_shell("fish")
    lines = run(environment, "fish", "-c", FISH, line).splitlines()
    assert {one.partition("\t")[0].replace("\\", "") for one in lines} == found


def test_zsh(environment: dict[str, str]) -> None:
    """Typed on a terminal: zsh completes nowhere else."""
    need_shell("zsh")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(environment["HOME"])
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment)
    try:
        setup = b'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(imaplib2 completion zsh)"\n'
        os.write(terminal, setup + b"print re''ady\n")
        read_until(terminal, b"ready\r\n")
        for line, found in CASES:
            if len(found) == 1:
                # Where there is one, it is completed; ^U empties the line.
                os.write(terminal, line.encode() + b"\t")
                added = next(iter(found)).removeprefix(line.rpartition(" ")[2])
                read_until(terminal, added.replace(" ", "\\ ").encode())
                os.write(terminal, b"\x15")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def read_until(terminal: int, wanted: bytes) -> None:
    got = b""
    deadline = time.monotonic() + 30
    while wanted not in got:
        assert select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0], got
        got += os.read(terminal, 4096)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_scripts_have_each_command_and_each_option(shell: str) -> None:
    commands = commands_of(parser())
    script = "\n".join(SCRIPTS[shell](commands))
    assert [command.name for command in commands] == ["", *COMMANDS]
    for command in commands:
        assert command.name in script
        for option in command.options:
            for name in option.names:
                shown = f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                assert (shown if shell == "fish" else name) in script


def test_more_kinds_of_options() -> None:
    """Those of commands that are elsewhere."""
    import argparse

    top = argparse.ArgumentParser()
    sub = top.add_subparsers().add_parser("copy", help="it's [a] copy: 100%% of it")
    sub.add_argument("--to", metavar="DIR", help="where")
    sub.add_argument("--secret", help=argparse.SUPPRESS)
    sub.add_argument("folders", metavar="FOLDER", nargs="*", help="what")
    sub.add_argument("last", metavar="DIR")
    commands = commands_of(top)
    scripts = {shell: "\n".join(script(commands)) for shell, script in SCRIPTS.items()}
    assert "copy,--to) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d" in scripts["bash"]
    assert "'--to[where]:--to:_files -/'" in scripts["zsh"]
    assert "'*:argument: '" in scripts["zsh"]
    assert "'copy:it'\\''s [a] copy: 100% of it'" in scripts["zsh"]
    assert "-l to -x -a '(__fish_complete_directories)' -d 'where'" in scripts["fish"]
    assert not any("secret" in script for script in scripts.values())
