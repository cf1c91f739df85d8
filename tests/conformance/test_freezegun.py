"""The library in a program whose time stands still, or leaps."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from ..needs import need_package
from ..server.helpers import Serve
from ..server.scripted import MESSAGE, Command, Session, mailbox
from .child import check, run_program

PROGRAM = Path(__file__).with_name("frozen_program.py")


def stay_silent(session: Session, command: Command) -> None:
    """Handle a command by not answering it."""


@pytest.mark.parametrize(
    "scenario",
    ["imported-before", "imported-within", "ticking", "leaping", "ignored", "only-ignored"],
)
def test_a_frozen_program(serve: Serve, scenario: str) -> None:
    need_package("freezegun")
    handlers = {"SILENCE": stay_silent}
    server = serve(partial(mailbox, messages={1: MESSAGE}, handlers=handlers))
    check(run_program(PROGRAM, server.host, server.port, scenario), "done")
