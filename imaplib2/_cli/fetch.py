"""Back up mailboxes into Maildir or mbox."""

from __future__ import annotations

import argparse

from .._hints import TYPE_CHECKING
from .failures import Failure

if TYPE_CHECKING:
    from .console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""


def run(options: argparse.Namespace, console: Console) -> int:
    """Do it."""
    raise Failure("This command isn't there yet.")
