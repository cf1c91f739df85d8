"""Write a script for a shell that completes what is typed behind `imaplib2`.

bash:  eval "$(imaplib2 completion bash)"     in ~/.bashrc
zsh:   eval "$(imaplib2 completion zsh)"      in ~/.zshrc, behind compinit
fish:  imaplib2 completion fish | source      in ~/.config/fish/config.fish"""

from __future__ import annotations

import argparse
import string

from .._hints import TYPE_CHECKING
from . import shells
from .failures import OK, Failure

if TYPE_CHECKING:
    from .console import Console

#: Besides, for the scripts: the accounts of the configuration file.
_ACCOUNTS = "accounts"
_PLAIN = frozenset(string.ascii_letters + string.digits + "_-.@+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "shell", metavar="SHELL", choices=[*shells.SCRIPTS, _ACCOUNTS],
        help="bash, zsh or fish; or accounts, to list those of the configuration file",
    )  # fmt: skip


def run(options: argparse.Namespace, console: Console) -> int:
    """Write the script; or the accounts, for which the scripts ask."""
    if options.shell == _ACCOUNTS:
        return _write_accounts(console)
    for line in shells.SCRIPTS[options.shell](shells.commands_of(options.parser)):
        console.line(line)
    return OK


def _write_accounts(console: Console) -> int:
    from . import configuration

    try:
        for name in configuration.names():
            # Shells make something of all others.
            if not set(name) - _PLAIN:
                console.line(name)
    # Nobody wants to read that in the middle of a command line.
    except Failure as failure:
        return failure.status
    return OK
