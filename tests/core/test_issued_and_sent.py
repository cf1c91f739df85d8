"""Between the call and the sending, things change: what was checked at the call is what is sent.

Generated from the table of commands: a command that is added there is covered here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2._errors import InvalidArgument, abort, error
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS, UNKNOWN, Kind, Row, Upgrade
from imaplib2._protocol.states import ANY, AUTH, NONAUTH, SELECTED

from .helpers import PREAUTH, Driver
from .test_arguments import Recorder, line
from .test_arguments_properties import HARMLESS

ROWS = [*COMMANDS.values(), *UID_COMMANDS.values()]
REFUSALS = ["NO [NONEXISTENT] no such mailbox", "BAD what?"]
OPENING = [row for row in ROWS if row.on_ok == SELECTED]
FOR_THE_MAILBOX = [row for row in ROWS if SELECTED in row.states and AUTH not in row.states]
FOR_ANY = [row for row in ROWS if AUTH in row.states and row.on_ok != SELECTED]
TELLING = [row for row in ROWS if row.arguments]


def rows(given_rows: list[Row]) -> Any:
    return pytest.mark.parametrize(
        "row", given_rows, ids=[row.name.replace(" ", "-") for row in given_rows]
    )


def command_of(driver: Driver, row: Row, *, calls_back: bool = True) -> Command:
    command = driver.command(row.name, *(HARMLESS[kind] for kind in row.arguments), of=row)
    command.calls_back = calls_back
    return command


def submit(driver: Driver, row: Row) -> Command:
    """Issue the command of *row* as a user with a callback does."""
    command = command_of(driver, row)
    driver.core.submit(command, driver.now)
    driver._collect()
    return command


def refused(driver: Driver, row: Row) -> error:
    """How *row* is refused at the call."""
    with pytest.raises(error) as caught:
        submit(driver, row)
    return caught.value


# -- Behind a SELECT that does not succeed ---------------------------------------------------------


@pytest.mark.parametrize("text", REFUSALS)
@pytest.mark.parametrize("raw", [False, True])
@rows(OPENING)
def test_a_refusal_leaves_no_mailbox(row: Row, raw: bool, text: str) -> None:
    driver = Driver.selected()
    command = driver.command(row.name, "Archive", leaves_data=raw)
    command.as_it_came = raw
    driver.core.submit(command, driver.now)
    assert driver.core.mailbox == "INBOX"
    driver.complete(command, text)
    assert (driver.core.state, driver.core.mailbox, driver.core.is_readonly) == (AUTH, None, False)


@pytest.mark.parametrize("text", REFUSALS)
@pytest.mark.parametrize("opening", OPENING, ids=["SELECT", "EXAMINE"])
@rows(FOR_THE_MAILBOX)
def test_what_was_meant_for_the_mailbox_is_not_sent(row: Row, opening: Row, text: str) -> None:
    driver = Driver.selected()
    select = driver.submit(opening.name, "(Archive)")
    behind = submit(driver, row)
    driver.sent()
    driver.complete(select, text)
    assert driver.sent() == b""
    name = row.name
    assert str(driver.error(behind)) == (
        f"{name} was not sent: {opening.name} '(Archive)' before it has failed"
    )
    assert type(driver.error(behind)) is error
    assert f"illegal in state {AUTH}" in str(refused(driver, row))
    assert driver.sent() == b""


@rows(FOR_ANY)
def test_what_needs_no_mailbox_is_sent_all_the_same(row: Row) -> None:
    driver = Driver.selected()
    select = driver.submit("SELECT", "Archive")
    if SELECTED not in row.states:
        driver.core.state = AUTH  # as it is once the command will be sent
    behind = submit(driver, row)
    driver.complete(select, "NO")
    assert driver.started(behind)


@pytest.mark.parametrize("text", REFUSALS)
def test_the_next_mailbox_gets_what_was_meant_for_it(text: str) -> None:
    driver = Driver.selected()
    first = driver.submit("SELECT", "a")
    store = driver.submit("STORE", "1", "+FLAGS", "x")
    second = driver.submit("EXAMINE", "b")
    fetch = driver.submit("FETCH", "1", "(FLAGS)")
    driver.sent()
    driver.complete(first, text)
    assert "SELECT 'a'" in str(driver.error(store))
    assert driver.sent() == second.tag + b" EXAMINE b\r\n"
    driver.complete(second)
    assert driver.sent() == fetch.tag + b" FETCH 1 (FLAGS)\r\n"
    assert (driver.core.mailbox, driver.core.is_readonly) == ("b", True)


def test_the_refusal_is_told_before_what_follows_from_it() -> None:
    driver = Driver.selected()
    select = driver.submit("SELECT", "a")
    store = driver.submit("STORE", "1", "+FLAGS", "x")
    driver.complete(select, "NO")
    told = [event.command for event in driver.events if hasattr(event, "command")]
    assert told == [select, store]


def test_what_was_issued_behind_a_select_that_is_given_up_is_not_sent() -> None:
    driver = Driver.selected()
    noop = driver.submit("NOOP")
    before = driver.submit("STORE", "1", "+FLAGS", "a")
    select = driver.submit("SELECT", "other")
    behind = driver.submit("STORE", "1", "+FLAGS", "b")
    driver.core.give_up(select, driver.now)
    driver._collect()
    assert "SELECT 'other'" in str(driver.error(behind))
    driver.complete(noop)
    driver.complete(before)
    assert driver.core.mailbox == "INBOX"


def test_what_was_sent_by_hand_for_the_mailbox_is_refused_too() -> None:
    driver = Driver.selected()
    select = driver.submit("SELECT", "a")
    by_hand = Command.sent_by_hand(b"A9", b"A9 STORE 1 +FLAGS x")
    driver.core.submit(by_hand, driver.now)
    harmless = Command.sent_by_hand(b"A10", b"A10 NOOP")
    driver.core.submit(harmless, driver.now)
    driver.complete(select, "BAD")
    assert "SELECT 'a'" in str(driver.error(by_hand))
    assert driver.started(harmless)


STEP = st.one_of(
    st.sampled_from(["answer", "NO", "BAD"]),
    st.tuples(st.sampled_from(["SELECT", "EXAMINE"]), st.sampled_from("abc")),
    st.sampled_from(["STORE", "EXPUNGE", "CLOSE", "NOOP", "UID FETCH"]),
)


@settings(max_examples=300)
@given(st.lists(STEP, max_size=30))
def test_nothing_is_done_in_a_mailbox_that_it_was_not_issued_for(steps: list[Any]) -> None:
    driver = Driver.authenticated()
    meant: dict[bytes, str | None] = {}  # the mailbox that was last asked for at the call
    asked: str | None = None
    server: str | None = None
    lines: list[bytes] = []
    open_: list[tuple[bytes, bytes, str]] = []

    def read() -> None:
        for sent in driver.sent().splitlines():
            tag, name, *words = sent.split()
            lines.append(sent)
            if name in (b"SELECT", b"EXAMINE"):
                assert not open_
            elif name not in (b"NOOP",):
                assert meant[tag] == server, (sent, meant[tag], server)
            open_.append((tag, name, words[0].decode() if words else ""))

    def answer(status: str) -> None:
        nonlocal server
        if open_:
            tag, name, mailbox = open_.pop(0)
            if name in (b"SELECT", b"EXAMINE"):
                # Servers differ: on BAD, this one keeps what was selected.
                server = mailbox if status == "OK" else None if status == "NO" else server
            elif name == b"CLOSE" and status == "OK":
                server = None
            driver.receive(tag + b" " + status.encode() + b" text\r\n")

    for step in steps:
        read()
        if step in ("answer", "NO", "BAD"):
            answer("OK" if step == "answer" else step)
            continue
        name, *arguments = step if isinstance(step, tuple) else (step,)
        arguments = arguments or {"STORE": ["1", "+FLAGS", "x"], "UID FETCH": ["1", "FLAGS"]}.get(
            name, []
        )
        with contextlib.suppress(error):
            command = driver.command(name, *arguments)
            driver.core.submit(command, driver.now)
            if name in ("SELECT", "EXAMINE"):
                asked = arguments[0]
            meant[command.tag] = asked
    while driver.core.in_progress:
        read()
        answer("OK")


# -- What servers say of mailboxes -----------------------------------------------------------------


def test_a_mailbox_is_read_only_once_the_server_has_agreed() -> None:
    driver = Driver.selected()
    examine = driver.submit("EXAMINE", "box")
    assert not driver.core.is_readonly
    driver.complete(examine)
    assert driver.core.is_readonly
    select = driver.submit("SELECT", "box")
    assert driver.core.is_readonly
    driver.complete(select)
    assert not driver.core.is_readonly


def test_news_of_the_mailbox_that_is_being_opened_refuse_nothing() -> None:
    driver = Driver.selected()
    examine = driver.submit("EXAMINE", "box")
    driver.receive(b"* OK [READ-ONLY] box\r\n")
    behind = driver.submit("FETCH", "1", "(FLAGS)")
    driver.complete(examine, "OK [READ-ONLY] done")
    assert driver.started(behind)


@pytest.mark.parametrize("name", ["CLOSE", "UNSELECT"])
@pytest.mark.parametrize("text", REFUSALS)
@pytest.mark.parametrize("raw", [False, True])
def test_a_mailbox_whose_close_is_refused_stays_selected(name: str, text: str, raw: bool) -> None:
    driver = Driver.authenticated()
    driver.complete(driver.submit("EXAMINE", "box"))
    driver.complete(driver.submit(name, leaves_data=raw), text)
    assert (driver.core.state, driver.core.mailbox) == (SELECTED, "box")
    assert driver.core.is_readonly
    driver.complete(driver.submit("NOOP"))


@pytest.mark.parametrize(
    ("asked", "told", "enabled"),
    [
        ("UTF8=ACCEPT", b"* ENABLED UTF8=ACCEPT\r\n", True),
        ("UTF8=ACCEPT", b"* enabled utf8=accept\r\n", True),
        ("CONDSTORE UTF8=ACCEPT", b"* ENABLED CONDSTORE\r\n* ENABLED UTF8=ACCEPT\r\n", True),
        ("UTF8=ACCEPT", b"* ENABLED\r\n", False),
        ("UTF8=ACCEPT", b"* ENABLED \r\n", False),
        ("UTF8=ACCEPT CONDSTORE", b"* ENABLED CONDSTORE\r\n", False),
        ("UTF8=ACCEPT", b"* ENABLED XUTF8=ACCEPT\r\n", False),
        ("UTF8=ACCEPT", b"", True),  # against RFC 5161; that it has it, it has said
        ("CONDSTORE", b"", False),
    ],
)
def test_what_enabled_lists_is_on(asked: str, told: bytes, enabled: bool) -> None:
    driver = Driver(b"* PREAUTH [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT] hi\r\n")
    enable = driver.submit("ENABLE", asked)
    driver.receive(told)
    assert not driver.core.utf8_enabled
    driver.complete(enable)
    assert driver.core.utf8_enabled is enabled


def test_nothing_is_on_that_nobody_has_asked_for() -> None:
    driver = Driver(b"* PREAUTH [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT] hi\r\n")
    driver.receive(b"* ENABLED UTF8=ACCEPT\r\n")
    driver.complete(driver.submit("ENABLE", "CONDSTORE"), data=b"* ENABLED CONDSTORE\r\n")
    assert not driver.core.utf8_enabled


# -- Behind a STARTTLS that does not succeed -------------------------------------------------------

BEHIND_STARTTLS = [row for row in TELLING if NONAUTH in row.states]


@pytest.mark.parametrize("text", ["NO not now", "BAD what?"])
@pytest.mark.parametrize("faster", ["the caller", "the server"])
@rows(BEHIND_STARTTLS)
def test_what_tells_something_is_not_sent_in_plain_text(row: Row, faster: str, text: str) -> None:
    driver = Driver()
    starttls = submit(driver, COMMANDS["STARTTLS"])
    driver.sent()
    if faster == "the caller":
        behind = submit(driver, row)
        driver.complete(starttls, text)
        problem = driver.error(behind)
    else:
        driver.complete(starttls, text)
        problem = refused(driver, row)
    assert str(problem) == f"{row.name} was not sent: STARTTLS before it has failed"
    assert driver.sent() == b""
    driver.core.told(starttls)
    if row.forbidden_by is None or row.forbidden_by not in driver.core.capabilities:
        assert driver.started(submit(driver, row))


@pytest.mark.parametrize("faster", ["the caller", "the server"])
@rows([row for row in ROWS if NONAUTH in row.states and not row.arguments])
def test_what_tells_nothing_is_sent_all_the_same(row: Row, faster: str) -> None:
    driver = Driver()
    starttls = submit(driver, COMMANDS["STARTTLS"])
    if faster == "the server":
        driver.complete(starttls, "NO")
    behind = submit(driver, row)
    if faster == "the caller":
        driver.complete(starttls, "NO")
    assert driver.started(behind)


@pytest.mark.parametrize(
    "make",
    [
        lambda driver: driver.command("XFOO", "x", of=UNKNOWN.but(name="XFOO", states=ANY)),
        lambda driver: driver.command("NOOP", "argument"),
        lambda driver: driver.command("NOOP", literal=b"x"),
        lambda driver: Command.sent_by_hand(b"A9", b"A9 LOGIN"),
        lambda driver: Command.sent_by_hand(b"A9", b""),
    ],
)
def test_all_that_may_tell_something_counts(make: Callable[[Driver], Command]) -> None:
    driver = Driver()
    starttls = submit(driver, COMMANDS["STARTTLS"])
    behind = make(driver)
    driver.core.submit(behind, driver.now)
    driver.complete(starttls, "NO")
    assert "STARTTLS before it has failed" in str(driver.error(behind))
    with pytest.raises(error, match="STARTTLS before it has failed"):
        driver.core.submit(make(driver), driver.now)


def test_a_second_starttls_that_succeeds_makes_all_well() -> None:
    driver = Driver(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n")
    first = submit(driver, COMMANDS["STARTTLS"])
    driver.complete(first, "NO")
    second = submit(driver, COMMANDS["STARTTLS"])
    driver.complete(second)
    login = driver.command("LOGIN", "user", "password")
    with pytest.raises(error, match="STARTTLS"):
        driver.core.submit(login, driver.now)
    driver.upgraded()
    driver.receive(b"* CAPABILITY IMAP4rev1\r\nA3 OK done\r\n")
    assert driver.started(driver.submit("LOGIN", "user", "password"))


def test_the_first_callback_tells_nothing_of_the_second_refusal() -> None:
    driver = Driver()
    first, second = (submit(driver, COMMANDS["STARTTLS"]) for _ in range(2))
    driver.complete(first, "NO")
    driver.complete(second, "NO")
    driver.core.told(first)
    assert "STARTTLS" in str(refused(driver, COMMANDS["LOGIN"]))
    driver.core.told(second)
    assert driver.started(submit(driver, COMMANDS["LOGIN"]))


def test_a_starttls_that_comes_too_late_counts_as_refused() -> None:
    driver = Driver()
    login = submit(driver, COMMANDS["LOGIN"])
    starttls = submit(driver, COMMANDS["STARTTLS"])
    create = driver.submit("CREATE", "secret")
    driver.sent()
    driver.complete(login, "OK [CAPABILITY IMAP4rev1] hello")
    assert "illegal in state AUTH" in str(driver.error(starttls))
    assert "STARTTLS before it has failed" in str(driver.error(create))
    assert driver.sent() == b""


def test_who_waits_for_a_starttls_is_told_at_once() -> None:
    driver = Driver()
    driver.complete(driver.submit("STARTTLS"), "NO")
    assert driver.started(submit(driver, COMMANDS["LOGIN"]))


STARTTLS_STEP = st.sampled_from(["NO", "BAD", "told", "STARTTLS", "LOGIN", "ID", "NOOP"])


@settings(max_examples=300)
@given(st.lists(STARTTLS_STEP, max_size=20))
def test_in_no_order_of_events_anything_is_told_by_who_may_believe_it_encrypted(
    steps: list[str],
) -> None:
    driver = Driver()
    issued: list[Command] = []  # STARTTLS whose callback has not been called
    behind: dict[bytes, bool] = {}

    def read() -> None:
        for written in driver.sent().splitlines():
            tag, _, rest = written.partition(b" ")
            if b" " in rest:
                assert not behind[tag], written

    for step in ["STARTTLS", *steps]:
        read()
        if step in ("NO", "BAD"):
            for command in list(driver.core.in_progress.values())[:1]:
                driver.complete(command, step)
        elif step == "told":
            for command in issued[:1]:
                if driver.outcomes(command):
                    driver.core.told(command)
                    issued.remove(command)
        else:
            command = command_of(driver, COMMANDS[step])
            with contextlib.suppress(error):
                driver.core.submit(command, driver.now)
                behind[command.tag] = bool(issued)
                if command.row.upgrade is Upgrade.TLS:
                    issued.append(command)
            driver._collect()
    read()


# -- LOGINDISABLED ---------------------------------------------------------------------------------

FORBIDDEN = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n"


def test_a_login_that_the_server_forbids_is_not_sent() -> None:
    driver = Driver(FORBIDDEN)
    with pytest.raises(
        error, match=r"^LOGIN was not sent: .*LOGINDISABLED.*starttls\(\)"
    ) as caught:
        driver.submit("LOGIN", "user", "password")
    assert type(caught.value) is error
    assert driver.sent() == b""
    assert driver.core.next_deadline() is None
    assert driver.started(driver.submit("AUTHENTICATE", "PLAIN", "x"))


def test_the_capabilities_of_the_moment_when_it_would_be_sent_count() -> None:
    driver = Driver(FORBIDDEN)
    starttls = submit(driver, COMMANDS["STARTTLS"])
    login = submit(driver, COMMANDS["LOGIN"])
    driver.complete(starttls)
    driver.upgraded()
    driver.receive(b"* CAPABILITY IMAP4rev1\r\n" + b"A3 OK done\r\n")
    assert driver.started(login)


def test_a_login_that_is_still_forbidden_behind_tls_fails() -> None:
    driver = Driver(FORBIDDEN)
    starttls = submit(driver, COMMANDS["STARTTLS"])
    login = submit(driver, COMMANDS["LOGIN"])
    driver.complete(starttls)
    driver.upgraded()
    driver.sent()
    driver.receive(b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n" + b"A3 OK done\r\n")
    assert "LOGINDISABLED" in str(driver.error(login))
    assert driver.sent() == b""


def test_a_login_by_hand_is_forbidden_too() -> None:
    driver = Driver(FORBIDDEN)
    with pytest.raises(error, match="LOGINDISABLED"):
        driver.core.submit(Command.sent_by_hand(b"A9", b"A9 LOGIN a b"), driver.now)


def test_behind_a_login_it_is_the_state_that_counts() -> None:
    driver = Driver(PREAUTH.replace(b"IDLE", b"LOGINDISABLED"))
    with pytest.raises(error, match="illegal in state AUTH"):
        driver.submit("LOGIN", "user", "password")


# -- Whatever fails, nobody waits for what was not sent --------------------------------------------


def test_what_was_refused_at_the_call_is_not_told_again_at_the_end() -> None:
    driver = Driver(FORBIDDEN)
    with pytest.raises(error):
        driver.submit("LOGIN", "user", "password")
    starttls = submit(driver, COMMANDS["STARTTLS"])
    driver.complete(starttls, "NO")
    refused(driver, COMMANDS["ID"])
    driver.fail(abort("gone"))
    assert [event.command for event in driver.events if hasattr(event, "command")] == [starttls]


# -- Behind an ENABLE ------------------------------------------------------------------------------

ENABLING = b"* PREAUTH [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT LITERAL+] hi\r\n"
NAMES = ["plain", "a b", "\xe4", "Tom & Jerry", "\u65e5\u672c (x)", "&AOQ-"]


def issued(row: Row, values: list[Any], **options: Any) -> Command:
    """The command as a client makes it that knows of no ENABLE."""
    return Recorder()._build(row, values, **options)


def sent_behind_enable(answer: str, command: Command) -> bytes:
    """What is sent of *command*, without its tag, behind an ENABLE with that *answer*."""
    driver = Driver(ENABLING)
    enable = driver.submit("ENABLE", "UTF8=ACCEPT")
    driver.core.submit(command, driver.now)
    driver.sent()
    told = b"* ENABLED UTF8=ACCEPT\r\n" if answer == "OK" else b""
    driver.complete(enable, answer, told)
    return driver.sent().partition(b" ")[2]


@pytest.mark.parametrize("answer", ["OK", "NO", "BAD"])
@pytest.mark.parametrize("name", NAMES)
@rows([row for row in ROWS if AUTH in row.states and row.arguments])
def test_what_is_issued_behind_an_enable_is_encoded_for_its_answer(
    row: Row, name: str, answer: str
) -> None:
    for number, kind in enumerate(row.arguments):
        if kind in (Kind.ATOM, Kind.WORDS):
            continue
        values = [HARMLESS[kind] for kind in row.arguments]
        values[number] = name
        try:
            expected = line(row, values, utf8=answer == "OK", literal_plus=True)
            command = issued(row, values)
        except InvalidArgument:
            continue
        assert sent_behind_enable(answer, command) == expected.partition(b" ")[2]


@pytest.mark.parametrize("answer", ["OK", "NO"])
def test_a_message_is_sent_in_the_form_of_the_mode(answer: str) -> None:
    client = Recorder()
    client.append("\xe4", None, None, bytearray(b"text"))
    (command,) = client.commands
    expected = {
        "OK": b'APPEND "\xc3\xa4" UTF8 (~{4+}\r\ntext)\r\n',
        "NO": b"APPEND &AOQ- {4+}\r\ntext\r\n",
    }
    assert sent_behind_enable(answer, command) == expected[answer]


def test_what_was_given_may_be_used_up_or_changed_meanwhile() -> None:
    flags = ["a"]
    command = issued(COMMANDS["APPEND"], ["\xe4", (flag for flag in flags), None])
    other = issued(COMMANDS["APPEND"], ["\xe4", flags, None])
    flags.append("b")
    assert sent_behind_enable("OK", command) == b'APPEND "\xc3\xa4" (a)\r\n'
    assert sent_behind_enable("OK", other) == b'APPEND "\xc3\xa4" (a)\r\n'


def test_what_can_not_be_sent_in_the_new_mode_fails_alone() -> None:
    driver = Driver(ENABLING)
    driver.core.submit(enable := driver.command("ENABLE", "UTF8=ACCEPT"), driver.now)
    select = driver.submit("SELECT", "INBOX")
    search = issued(COMMANDS["SEARCH"], ["CHARSET", "UTF-8", "SUBJECT", "\xe4"])
    driver.core.submit(search, driver.now)
    other = issued(COMMANDS["SEARCH"], ["SUBJECT", "\xe4"])
    driver.core.submit(other, driver.now)
    driver.complete(enable, data=b"* ENABLED UTF8=ACCEPT\r\n")
    driver.sent()
    driver.complete(select)
    assert str(driver.error(search)) == "Non-None charset not valid in UTF8 mode"
    assert driver.sent() == other.tag + b' SEARCH SUBJECT "\xc3\xa4"\r\n'


def test_encoded_before_the_answer_and_issued_behind_it() -> None:
    """By a thread that was slow."""
    driver = Driver(ENABLING)
    command = issued(COMMANDS["CREATE"], ["\xe4"])
    driver.complete(driver.submit("ENABLE", "UTF8=ACCEPT"), data=b"* ENABLED UTF8=ACCEPT\r\n")
    driver.sent()
    driver.core.submit(command, driver.now)
    assert driver.sent() == command.tag + b' CREATE "\xc3\xa4"\r\n'


def test_the_claim_is_that_of_the_mode() -> None:
    driver = Driver(ENABLING)
    enable = driver.submit("ENABLE", "UTF8=ACCEPT")
    commands = [
        issued(COMMANDS["STATUS"], [name, "(MESSAGES)"]) for name in ("\xe4", "\xf6", "\xe4")
    ]
    for command in commands:
        driver.core.submit(command, driver.now)
    driver.complete(enable, data=b"* ENABLED UTF8=ACCEPT\r\n")
    assert [driver.started(command) for command in commands] == [True, True, False]
    driver.receive(b'* STATUS "\xc3\xb6" (MESSAGES 2)\r\n* STATUS "\xc3\xa4" (MESSAGES 1)\r\n')
    driver.complete(commands[0])
    driver.complete(commands[1])
    assert driver.result(commands[0]) == ("OK", [b'"\xc3\xa4" (MESSAGES 1)'])
    assert driver.result(commands[1]) == ("OK", [b'"\xc3\xb6" (MESSAGES 2)'])
    assert driver.started(commands[2])


def test_a_password_behind_an_enable_stays_hidden() -> None:
    """PREAUTH, and a command that the table doesn't allow there: by its own row."""
    row = COMMANDS["LOGIN"].but(states=ANY, on_ok=None)
    driver = Driver(ENABLING)
    driver.core.traffic = []
    enable = driver.submit("ENABLE", "UTF8=ACCEPT")
    command = issued(row, ["user", "p\xe4ssword"])
    driver.core.submit(command, driver.now)
    driver.complete(enable, data=b"* ENABLED UTF8=ACCEPT\r\n")
    assert b"p\xc3\xa4ssword" in driver.sent()
    assert "ssword" not in repr(driver.core.traffic)
    driver.complete(command, "NO p\xe4ssword is wrong")
    assert b"ssword" not in driver.result(command)[1][0]


def test_arguments_in_ascii_are_encoded_once() -> None:
    assert issued(COMMANDS["CREATE"], ["a b"]).utf8_form is None
    assert issued(COMMANDS["SEARCH"], ["SUBJECT", "a b"]).utf8_form is None
