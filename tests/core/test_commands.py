"""The table of commands, and the view of it that users read and extend."""

from __future__ import annotations

import copy
import imaplib
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest

import imaplib2
from imaplib2 import AUTH, IMAP4, LOGOUT, NONAUTH, SELECTED, Commands
from imaplib2._errors import InvalidArgument, error
from imaplib2._protocol import commands
from imaplib2._protocol.arguments import Encoded, display
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import (
    COMMANDS,
    UID_COMMANDS,
    Kind,
    Plus,
    Row,
    Upgrade,
    find,
    find_uid,
)
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.states import ANY, illegal

from .helpers import Driver
from .test_arguments import Recorder

ROWS = [*COMMANDS.values(), *UID_COMMANDS.values()]
rows = pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "-") for row in ROWS])


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The tables are as before after each test."""
    view, table = dict(Commands), dict(COMMANDS)
    yield
    for current, before in ((Commands, view), (COMMANDS, table)):
        current.clear()
        current.update(before)


# -- The rows ------------------------------------------------------------------------------------


@rows
def test_a_row_has_no_other_columns_than_those_that_rows_have(row: Row) -> None:
    given = {name for name in vars(row) if not hasattr(vars(Row).get(name), "__get__")}
    assert given <= Row.__annotations__.keys()


@rows
def test_a_row_says_what_its_command_is_and_where_that_is_defined(row: Row) -> None:
    assert row.name == row.name.upper()
    assert row.rfc
    assert row.states
    assert set(row.states) <= set(ANY)
    assert list(row.states) == [state for state in ANY if state in row.states]


@rows
def test_criteria_take_all_arguments_that_remain(row: Row) -> None:
    assert Kind.SEARCH not in row.arguments[:-1]


@rows
def test_a_command_that_changes_the_state_runs_alone(row: Row) -> None:
    changes = row.on_ok or row.on_refusal or row.upgrade is not Upgrade.NONE
    if changes or row.plus is not Plus.NOTHING:
        assert row.alone
    for state in (row.on_ok, row.on_refusal):
        assert state is None or state in ANY


@rows
def test_data_can_be_told_apart_by_the_first_argument_only(row: Row) -> None:
    expected = {"message": Kind.SEQUENCE_SET, "mailbox": Kind.MAILBOX}
    assert row.claims is None or row.arguments[0] is expected[row.claims]


@rows
def test_a_command_collects_types_in_upper_case_and_shows_none_of_them(row: Row) -> None:
    assert all(type_ == type_.upper() for type_ in row.collects)
    assert len(set(row.collects)) == len(row.collects)
    assert row.shows not in row.collects


@rows
def test_modifiers_stand_before_an_argument_that_the_command_has(row: Row) -> None:
    assert row.modifiers_before is None or row.modifiers_before in row.arguments


@rows
def test_a_command_with_message_numbers_is_of_the_selected_state(row: Row) -> None:
    if row.numbers or Kind.SEQUENCE_SET in row.arguments:
        assert row.states == (SELECTED,)


@rows
def test_passwords_are_the_last_argument(row: Row) -> None:
    assert Kind.PASSWORD not in row.arguments[:-1]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("XLIST", "COMPRESS")])
def test_a_command_has_a_method(name: str) -> None:
    assert callable(getattr(IMAP4, name.lower()))


def test_names_are_those_of_the_rows() -> None:
    assert all(name == row.name for name, row in COMMANDS.items())
    assert all(row.name == f"UID {name}" for name, row in UID_COMMANDS.items())


@pytest.mark.parametrize("name", sorted(UID_COMMANDS))
def test_during_a_uid_command_messages_may_be_renumbered(name: str) -> None:
    row = UID_COMMANDS[name]
    assert row.expunges
    # RFC 3501, 7.4.1: criteria may hold message numbers all the same.
    assert row.numbers is (Kind.SEARCH in row.arguments)


@pytest.mark.parametrize("name", ["FETCH", "STORE", "SEARCH", "SORT", "THREAD", "PARTIAL"])
def test_during_these_commands_no_message_is_renumbered(name: str) -> None:
    assert not COMMANDS[name].expunges
    assert COMMANDS[name].numbers


# -- The view ------------------------------------------------------------------------------------

#: imaplib has these with other states, or only in some versions; ours are those of the RFCs.
ELSEWHERE = {"XLIST", "UID"}


@pytest.mark.parametrize("name", sorted(imaplib.Commands))
def test_a_command_of_imaplib_is_known_and_allowed_where_it_is_there(name: str) -> None:
    assert set(imaplib.Commands[name]) <= set(Commands[name])


@pytest.mark.parametrize("name", sorted(Commands))
def test_a_value_is_a_tuple_of_states(name: str) -> None:
    assert isinstance(Commands[name], tuple)
    assert set(Commands[name]) <= set(ANY)


def test_the_view_is_a_dict_that_can_be_copied() -> None:
    assert isinstance(Commands, dict)
    for copied in (Commands.copy(), copy.copy(Commands), copy.deepcopy(Commands), {**Commands}):
        assert copied == Commands
        copied["XNEW"] = (AUTH,)
        assert "XNEW" not in Commands


@pytest.mark.parametrize(
    ("value", "states"),
    [
        ((AUTH,), (AUTH,)),
        ((AUTH, SELECTED), (AUTH, SELECTED)),
        ([AUTH, SELECTED], (AUTH, SELECTED)),
        (AUTH, (AUTH,)),
        (((AUTH, SELECTED), True), (AUTH, SELECTED)),
        (((AUTH,), False), (AUTH,)),
        (([NONAUTH], True), (NONAUTH,)),
    ],
)
def test_an_extender_may_assign_states_in_every_historical_form(
    value: Any, states: tuple[str, ...]
) -> None:
    Commands["XNEW"] = value
    assert find("XNEW").states == states
    assert find("XNEW").name == "XNEW"
    Commands["NOOP"] = value
    assert find("NOOP").states == states


def test_an_assigned_command_keeps_what_the_table_knows_of_it() -> None:
    Commands["FETCH"] = ((AUTH, SELECTED), True)
    assert vars(find("FETCH")) == vars(COMMANDS["FETCH"].but(states=(AUTH, SELECTED)))


def test_a_command_that_nobody_changed_is_the_row_itself() -> None:
    assert find("FETCH") is COMMANDS["FETCH"]
    assert find_uid("FETCH") is UID_COMMANDS["FETCH"]


def test_a_name_is_the_text_that_it_is_whatever_it_says_it_is() -> None:
    class Name(str, Enum):
        FETCH = "fetch"

        def upper(self) -> str:
            return "STORE"

    assert find(Name.FETCH) is COMMANDS["FETCH"]


def test_with_uids_a_command_is_allowed_where_it_and_uid_are() -> None:
    Commands["FETCH"] = (AUTH, SELECTED)
    assert vars(find_uid("FETCH")) == vars(UID_COMMANDS["FETCH"].but(states=(SELECTED,)))
    Commands["UID"] = ((NONAUTH, AUTH), True)
    assert find_uid("FETCH").states == (AUTH,)
    assert find_uid("SEARCH").states == ()
    Commands["XNEW"] = (NONAUTH, SELECTED)
    assert find_uid("XNEW").states == (NONAUTH,)


def test_a_command_that_nobody_told_us_about_is_legal_in_every_state() -> None:
    row = find("XNEW")
    assert row.name == "XNEW"
    assert row.states == ANY
    assert row.collects == ()


@pytest.mark.parametrize("name", ["", "X Y", "X\r\nY", "X(", 'X"', "X{1}", "X%", "\xe9"])
def test_what_is_no_atom_is_no_name_of_a_command(name: str) -> None:
    with pytest.raises(InvalidArgument):
        find(name)
    client = Recorder()
    with pytest.raises(error):
        client.uid(name)
    if name != "X Y":  # an argument
        with pytest.raises(error):
            client.xatom(name)
    assert client.lines == []


def test_arguments_in_the_name_of_xatom() -> None:
    client = Recorder()
    client.xatom('id ("name" "a b")')
    client.xatom("login me hunter2")
    for name in ("noop a\r\nb", "login me hunter2\r\nb", "authenticate plain x\0"):
        with pytest.raises(ValueError, match="CR or LF"):
            client.xatom(name)
    with pytest.raises(ValueError, match="not the name of a command: 'LOGIN'"):
        client.xatom("login\tme hunter2")
    assert client.lines == [b'ID ("name" "a b")', b"LOGIN me hunter2"]
    assert "hunter2" not in display(client.commands[-1].parts)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("STORE", "1", "+FLAGS", r"\Seen"), rb"UID STORE 1 +FLAGS (\Seen)"),
        (("search", "FROM x SINCE 1-Jan-2020"), b"UID SEARCH FROM x SINCE 1-Jan-2020"),
        (("FETCH", "1", "BODY.PEEK[HEADER]"), b"UID FETCH 1 (BODY.PEEK[HEADER])"),
        (("COPY", "1:2", "a b"), b'UID COPY 1:2 "a b"'),
        (("XNEW", "a b"), b'UID XNEW "a b"'),
        ((), b"UID"),
    ],
)
def test_uid_as_the_name_of_a_raw_command(arguments: tuple[str, ...], line: bytes) -> None:
    client = Recorder()
    client._simple_command("UID", *arguments)
    client.xatom("uid", *arguments)
    assert client.lines == [line] * 2
    rows = [command.row for command in client.commands]
    if arguments and (known := UID_COMMANDS.get(arguments[0].upper())):
        assert rows == [known] * 2


def test_an_extender_sends_a_command_like_list_and_looks_for_its_data() -> None:
    Commands["XLIST2"] = Commands["LIST"]
    client = Recorder()
    assert client._simple_command("XLIST2", '""', "*") == ("OK", [b""])
    assert client.lines == [b'XLIST2 "" *']
    assert client.commands[0].row.states == (AUTH, SELECTED)


def test_a_row_is_all_that_a_new_command_needs() -> None:
    COMMANDS["XNEW"] = Row("XNEW", "RFC 0", (SELECTED,), (Kind.MAILBOX, Kind.FLAGS))
    client = Recorder()
    client.xatom("xnew", "\xe9 b", "\\Seen")
    assert client.lines == [b'XNEW "&AOk- b" (\\Seen)']
    assert client.commands[0].row is COMMANDS["XNEW"]


def test_a_command_in_upper_case_is_an_attribute_when_there_is_a_method_for_it() -> None:
    class Client(Recorder):
        def xnew(self) -> str:
            return "mine"

    Commands["XNEW"] = (AUTH,)
    assert Client().XNEW() == "mine"


# -- States --------------------------------------------------------------------------------------


def connection(state: str) -> Connection:
    core = Connection()
    core.start(0.0, None)
    greeting = b"* OK [CAPABILITY IMAP4REV1] hello\r\n"
    core.receive_bytes(greeting, 0.0)
    core.state = state
    core.take_output()
    return core


@pytest.mark.parametrize("state", [NONAUTH, AUTH, SELECTED])
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_legal_in_its_states_only(name: str, state: str) -> None:
    core, row = connection(state), find(name)
    command = Command.build(row, Encoded([], b""))
    if state in row.states:
        core.submit(command, 0.0)
        assert core.take_output()
        return
    with pytest.raises(error, match=f"^command {name} illegal in state {state}, only allowed in"):
        core.submit(command, 0.0)
    assert core.take_output() == []


def test_what_users_assign_decides_where_a_command_is_legal() -> None:
    Commands["NOOP"] = ((AUTH,), True)
    with pytest.raises(error, match="illegal in state SELECTED, only allowed in states AUTH"):
        connection(SELECTED).check_usable(find("NOOP"))
    connection(AUTH).check_usable(find("NOOP"))


def test_the_text_about_an_illegal_command_names_command_and_states() -> None:
    assert str(illegal("SEARCH", AUTH, (SELECTED,))) == (
        "command SEARCH illegal in state AUTH, only allowed in states SELECTED"
    )
    assert str(illegal("COPY", LOGOUT, (AUTH, SELECTED))) == (
        "command COPY illegal in state LOGOUT, only allowed in states AUTH, SELECTED"
    )


def test_the_public_view_is_the_one_that_is_consulted() -> None:
    assert imaplib2.Commands is commands.Commands


@pytest.mark.parametrize("prefix", ["", "UID "])
@pytest.mark.parametrize(
    ("name", "arguments", "lines", "one"),
    [
        ("SEARCH", ["ALL"], [b" 1 2", b" 3"], b"1 2 3"),
        ("SEARCH", ["ALL"], [b"", b" 3", b""], b"3"),
        ("SEARCH", ["ALL"], [b"", b""], b""),
        ("SEARCH", ["ALL"], [b" 3"], b"3"),
        ("SORT", ["(DATE)", "UTF-8", "ALL"], [b" 2 1", b" 3"], b"2 1 3"),
        ("THREAD", ["REFERENCES", "UTF-8", "ALL"], [b" (2)", b" (3 6)(1)"], b"(2)(3 6)(1)"),
    ],
)
def test_an_answer_in_several_lines_is_one(
    prefix: str, name: str, arguments: list[str], lines: list[bytes], one: bytes
) -> None:
    data = b"".join(b"* %s%s\r\n" % (name.encode(), line) for line in lines)
    driver = Driver.selected()
    command = driver.submit(prefix + name, *arguments)
    driver.complete(command, data=data)
    assert driver.result(command) == ("OK", [one])
    raw = driver.submit(prefix + name, *arguments, leaves_data=True)
    driver.complete(raw, data=data)
    assert driver.core.untagged[name] == [line.lstrip() for line in lines]


def test_what_only_one_command_is_stands_in_its_row() -> None:
    def names(column: str) -> set[str]:
        return {row.name for row in COMMANDS.values() if getattr(row, column)}

    assert names("ends") == {"LOGOUT"}
    assert names("enables") == {"ENABLE"}
    assert names("reads_only") == {"EXAMINE"}
    assert names("asks_to_write") == {"SELECT"}
    assert not names("by_uid")
    assert all(row.by_uid for row in UID_COMMANDS.values())


@pytest.mark.parametrize("name", ["LOGOUT", "ENABLE", "EXAMINE", "SELECT"])
def test_a_uid_form_that_imap_does_not_have_is_not_that_command(name: str) -> None:
    row = find_uid(name)
    assert row.is_called(f"UID {name}")
    assert not row.is_called(name)
    assert not (row.ends)
    assert not (row.enables)
    assert not (row.reads_only)
    assert not (row.asks_to_write)


def test_another_thread_may_use_a_row_of_which_another_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it asks for first is noted in the row."""
    row = Row("XFOO", "", ANY)

    class Used(dict[str, Any]):
        def __contains__(self, name: object) -> bool:
            assert row.encoded_name == b"XFOO"
            return super().__contains__(name)

    monkeypatch.setattr(Row, "__annotations__", Used(Row.__annotations__))
    assert row.but(alone=True).alone
