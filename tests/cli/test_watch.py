"""The options of `watch`: see with_server/test_watch.py for what it does."""

from __future__ import annotations

import pytest

from imaplib2._cli.main import parser


def test_options() -> None:
    options = parser().parse_args(["watch", "home", "--exec", "a b", "--exec-timeout", "2"])
    assert (options.host, options.mailbox, options.program) == ("home", [], "a b")
    assert options.exec_timeout == 2
    assert parser().parse_args(["watch", "home", "a", "b"]).mailbox == ["a", "b"]


def test_times_that_are_none() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["watch", "home", "--exec-timeout", "0"])
