"""Which account is meant; connections to one, with_server has."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from imaplib2._cli.account import Account
from imaplib2._cli.accounts import account_of, add_arguments, connect, session
from imaplib2._cli.failures import USAGE, Failure

from .helpers import Kept, account


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def named(*arguments: str) -> Account:
    return account_of(options(*arguments), Kept())


# -- Which account ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["fred@imap.example.org"], {}),
        (["fred@imap.example.org", "--starttls"], {"port": 143, "security": "starttls"}),
        (["fred@imap.example.org:1143", "--plain"], {"port": 1143, "security": "plain"}),
        (["jane@imap.example.org:1", "-u", "fred", "-p", "2"], {"port": 2}),
        (["fred@imap.example.org", "--command", "x"], {"security": "command", "command": "x"}),
        (["fred@imap.example.org", "--timeout", "2", "--trace"], {"timeout": 2.0, "trace": True}),
    ],
)
def test_from_the_command_line(arguments: list[str], fields: dict[str, Any]) -> None:
    assert named(*arguments) == account(**{"name": arguments[0], **fields})


def test_from_the_configuration_file(nobody_home: Path) -> None:
    file = nobody_home / ".config/imaplib2/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "[accounts.home]\nhost='imap.example.org'\nuser='fred'\nport=1143\nsecurity='starttls'\n"
        "[accounts.tunnel]\ncommand='x'\n"
    )
    assert named("home") == account(port=1143, security="starttls")
    assert named("home", "--plain", "-u", "x") == account(port=1143, security="plain", user="x")
    assert named("home", "--command", "y") == account(port=1143, security="command", command="y")
    assert named("tunnel").security == "command"
    assert named("tunnel", "--plain").command is None


def test_users_may_stand_in_netrc(nobody_home: Path) -> None:
    file = nobody_home / ".netrc"
    file.touch(0o600)
    file.write_text("machine imap.example.org login jane password x")
    assert named("imap.example.org").user == "jane"
    assert named("fred@imap.example.org").user == "fred"
    assert named("imap.example.net").user is None


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    for _ in range(2):
        with pytest.raises(Failure, match="can't be used") as caught:
            connect(account(ca_file=str(file)))
        assert caught.value.status == USAGE
        file.write_text("no certificate")


def test_a_tunnel() -> None:
    command = (
        "echo '* PREAUTH [CAPABILITY IMAP4rev1] hello'; read tag rest;"
        ' echo "* BYE"; echo "$tag OK"'
    )
    tunnel = account(security="command", command=command, user=None)
    with session(tunnel, Kept()) as client:
        assert client.state == "AUTH"


@pytest.mark.parametrize("host", ["a..b", "a\0b", "x" * 70])
def test_names_that_no_host_can_have(host: str) -> None:
    with pytest.raises(Failure, match="There is no host"):
        connect(account(name=host, host=host))
