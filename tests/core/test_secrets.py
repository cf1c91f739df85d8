"""What is hidden of the texts of servers, and what must not be."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.arguments import Literal, Secret
from imaplib2._protocol.command import Command
from imaplib2._protocol.secrets import HIDDEN, Secrets
from imaplib2._trace import SHOWN

from .helpers import Driver
from .test_limits import KILO, MEGA, little_memory
from .test_linear import FACTOR, MOST, assert_linear, calls_of

PASSWORD = b"hunter2horse"
TOKEN = b"ya29.a0ARrdaM-token"


def told(*parts: Any) -> Secrets:
    """The secrets of a command with these *parts*."""
    secrets = Secrets()
    secrets.begin(parts)
    return secrets


def logged_in_by(password: bytes) -> Secrets:
    return told(b"LOGIN", b" ", b"joe", b" ", Secret(b'"' + password + b'"'))


def answered(message: bytes, *, challenge: bytes = b"") -> Secrets:
    """The secrets of a SASL exchange in which the client has sent *message*."""
    secrets = told(b"AUTHENTICATE", b" ", b"X")
    secrets.add_challenge(b64encode(challenge))
    secrets.add_response(b64encode(message))
    return secrets


# -- What is hidden --------------------------------------------------------------------------------

LOGINS = {
    "quoted": [b"LOGIN", b" ", b"joe", b" ", Secret(b'"hunter2horse"')],
    "an atom": [b"LOGIN", b" ", b"joe", b" ", Secret(b"hunter2horse")],
    "a literal": [b"LOGIN", b" ", b"joe", b" ", Secret(Literal(b"hunter2horse"))],
    "a user in quotes": [b"LOGIN", b" ", b'"joe \\" x"', b" ", Secret(b"hunter2horse")],
    "a user in a literal": [b"LOGIN", b" ", Literal(b"jo e"), b" ", Secret(b"hunter2horse")],
    "written out": [b"LOGIN", b" ", Secret(b'joe "hunter2horse"')],
    "half written out": [b"LOGIN", b" ", Secret(b"joe"), b" ", Secret(b"hunter2horse")],
    "at once": [b"AUTHENTICATE", b" ", b"X", b" ", Secret(b64encode(b"\0joe\0hunter2horse"))],
}


def test_what_a_quoted_password_stands_for_is_hidden() -> None:
    shown = logged_in_by(b'hunter2\\"horse').hidden(b'wrong: hunter2"horse')
    assert shown == b"wrong: " + HIDDEN


@pytest.mark.parametrize("parts", LOGINS.values(), ids=LOGINS)
def test_the_password_of_a_command_is_hidden_and_nothing_else(parts: list[Any]) -> None:
    text = b"no such user, joe: LOGIN joe, user or auth is wrong: "
    shown = told(*parts).hidden(text + PASSWORD)
    assert shown == text + HIDDEN


MESSAGES = {
    "PLAIN": (b"\0joe\0" + TOKEN, TOKEN),
    "PLAIN of another": (b"root\0joe\0" + TOKEN, TOKEN),
    "XOAUTH2": (b"user=joe\1auth=Bearer " + TOKEN + b"\1\1", TOKEN),
    "OAUTHBEARER": (b"n,a=joe,\1host=h\1port=143\1auth=Bearer " + TOKEN + b"\1\1", TOKEN),
    "CRAM-MD5": (b"joe b913a602c7eda7a495b4e6e7334d3890", b"b913a602c7eda7a495b4e6e7334d3890"),
    "SCRAM": (b"c=biws,r=fyko,p=dHzbZapWIk4jUhN+Ute9", b"dHzbZapWIk4jUhN+Ute9"),
}


@pytest.mark.parametrize(("message", "secret"), MESSAGES.values(), ids=MESSAGES)
def test_what_is_secret_of_a_sasl_message_is_hidden_and_nothing_else(
    message: bytes, secret: bytes
) -> None:
    secrets = answered(message)
    text = b"Invalid user or auth token of joe (Bearer, host h, biws, fyko)"
    assert secrets.hidden(text) == text
    for form in (message, b64encode(message), b64encode(message).rstrip(b"="), secret):
        assert secret not in secrets.hidden(text + form)
        assert secrets.hidden(text + b" " + form).startswith(text + b" " + HIDDEN)


def test_the_name_that_the_mechanism_login_asks_for_is_no_secret() -> None:
    secrets = answered(b"joe.doe", challenge=b"User Name\0")
    assert secrets.hidden(b"joe.doe: " + b64encode(b"joe.doe")) == b"joe.doe: " + HIDDEN
    secrets.add_challenge(b64encode(b"Password:"))
    secrets.add_response(b64encode(PASSWORD))
    assert secrets.hidden(PASSWORD) == HIDDEN


def test_a_secret_is_hidden_in_any_case() -> None:
    text = b"UNKNOWN COMMAND LOGIN JOE " + PASSWORD.upper()
    assert logged_in_by(PASSWORD).hidden(text) == b"UNKNOWN COMMAND LOGIN JOE " + HIDDEN


def test_short_words_are_shown() -> None:
    assert logged_in_by(b"me").hidden(b"some text") == b"some text"


def test_a_code_is_hidden_but_for_its_name() -> None:
    secrets = logged_in_by(b"auth")
    shown = secrets.hidden_with_code(b"[AUTHENTICATIONFAILED x auth] no auth")
    assert shown == b"[AUTHENTICATIONFAILED x [secret]] no [secret]"
    assert secrets.hidden_with_code(b"[AUTH] no") == b"[[secret]] no"
    assert secrets.hidden_with_code(b"[AUTH") == b"[[secret]"
    assert secrets.hidden_with_code(b"no auth") == b"no [secret]"


def test_what_a_replacement_consists_of_may_be_a_secret() -> None:
    """Replacements are not replaced: that would go on, and grow."""
    secrets = Secrets()
    secrets.begin([b"LOGIN", b" ", b"joe"])
    for start in range(len(HIDDEN)):
        for end in range(start + 3, len(HIDDEN) + 1):
            secrets.add_response(b64encode(HIDDEN[start:end]))
    assert secrets.hidden(HIDDEN) == HIDDEN
    assert len(secrets.hidden(b"sec " * KILO)) <= len(HIDDEN + b" ") * KILO


@given(
    st.lists(st.text("abAB", min_size=3, max_size=6), max_size=5),
    st.text("abABc", max_size=40),
    st.integers(0, 40),
)
def test_no_secret_that_begins_in_what_is_shown_can_be_read_there(
    passwords: list[str], text: str, size: int
) -> None:
    secrets = Secrets()
    secrets.begin([b"LOGIN joe", *(Secret(word.encode()) for word in passwords)])
    shown = secrets.head(text.encode(), size).decode()
    words = [word.lower() for word in passwords]
    hidden = [any(text.lower().startswith(w, at) for w in words) for at in range(len(text))]
    for word in words:
        assert word not in shown.replace("[secret]", " ").lower()
    assert len(shown) <= 8 * size
    if not any(hidden[:size]):
        assert shown == text[:size]


def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_in_part() -> None:
    head = logged_in_by(PASSWORD).head(b"x" * (SHOWN - 3) + PASSWORD, SHOWN)
    assert head == b"x" * (SHOWN - 3) + HIDDEN


@pytest.mark.parametrize("size", [999, 1000, 1001, 60 * KILO])
def test_a_long_secret_is_known_by_its_beginning(size: int) -> None:
    secret = b"%0*d" % (size, 7)
    assert logged_in_by(secret).hidden(b"is " + secret + b" it") in (
        b"is " + HIDDEN + b" it",
        b"is " + HIDDEN,
    )


def test_a_text_that_is_much_too_long_for_people_is_cut() -> None:
    shown = logged_in_by(PASSWORD).hidden(b"x" * 64 * KILO + PASSWORD + b"x" * MEGA)
    assert shown == b"x" * 64 * KILO + HIDDEN
    assert Secrets().hidden(b"x" * MEGA) == b"x" * MEGA


# -- What is sent by hand --------------------------------------------------------------------------

BY_HAND = [
    [b'A1 LOGIN joe "hunter2horse"\r\n'],
    [b"A1 LOGIN joe hunter2horse\r\n"],
    [b"A1 LOGIN joe hun", b"ter2", b"horse\r\n"],
    [b"A1 LOGIN {5}\r\n", b"joe x", b" {12+}\r\nhunter2horse\r\n"],
    [b"A1 LOGIN joe {12}\r\n", b"hunter2", b"horse", b"\r\n"],
    [b"A1 AUTHENTICATE PLAIN\r\n", b64encode(b"\0joe\0hunter2horse") + b"\r\n"],
    [b"A1 AUTHENTICATE LOGIN\r\n", b64encode(PASSWORD) + b"\r\n"],
]


@pytest.mark.parametrize("pieces", BY_HAND)
def test_a_password_sent_by_hand_is_hidden_and_nothing_else(pieces: list[bytes]) -> None:
    secrets = told()
    for piece in pieces:
        secrets.add_sent(piece)
    assert secrets.hidden(b"LOGIN joe hunt " + PASSWORD) == b"LOGIN joe hunt " + HIDDEN


def test_what_is_sent_by_hand_is_looked_at_within_limits() -> None:
    secrets = told()
    secrets.add_sent(b'A1 LOGIN joe "hunter2horse" ' + b"x " * MEGA)
    assert secrets.hidden(PASSWORD) == HIDDEN
    assert len(secrets._needles[0]) < 500


# -- For how long ----------------------------------------------------------------------------------


def test_of_an_exchange_that_goes_on_and_on_the_last_secrets_are_remembered() -> None:
    secrets = told(b"AUTHENTICATE", b" ", b"X")
    for number in range(1000):
        secrets.add_response(b64encode(b"secret number %d" % number))
    assert secrets.hidden(b"secret number 999") == HIDDEN
    assert secrets.hidden(b"secret number 1") == b"secret number 1"
    assert len(secrets._needles[0]) <= 100


@pytest.mark.parametrize("more", [[], [b"literal", b""]])
def test_a_line_that_is_no_response_does_not_tell_while_logging_in(more: list[bytes]) -> None:
    line = b"hunter2horse is wrong"
    hidden = logged_in_by(PASSWORD).hide([line, *more] if more else line)
    assert hidden == HIDDEN + b" is wrong"


def test_the_secrets_of_two_logins_are_remembered() -> None:
    secrets = Secrets()
    for password in (b"first", b"second", b"third"):
        secrets.begin([b"LOGIN", b" ", b"joe", b" ", Secret(password)])
    assert secrets.hidden(b"first second third") == b"first [secret] [secret]"


def test_data_are_no_secrets_and_texts_are_no_data_behind_the_login() -> None:
    driver = Driver()
    driver.complete(driver.submit("LOGIN", "joe", Secret(PASSWORD)))
    text = b"* OK [X hunter2horse] hunter2horse\r\n* X hunter2horse\r\n"
    driver.receive(text)
    assert driver.core.untagged["OK"] == [b"[X hunter2horse] hunter2horse"]
    assert driver.core.untagged["X"] == [b"hunter2horse"] * 2
    driver.receive(b"* BYE [X hunter2horse] you, hunter2horse\r\n")
    assert driver.core.bye == b"[X hunter2horse] you, hunter2horse"
    assert "server said BYE: [X [secret]] you, [secret]" in str(driver.core.reason)


@pytest.mark.parametrize("line", [b"hunter2horse is wrong\r\n", b"A99 NO hunter2horse\r\n"])
def test_garbage_behind_the_login_does_not_tell(line: bytes) -> None:
    driver = Driver()
    driver.complete(driver.submit("LOGIN", "joe", Secret(PASSWORD)))
    driver.receive(line)
    assert "[secret]" in str(driver.core.reason)
    assert "hunter2" not in str(driver.core.reason)


@pytest.mark.parametrize("type_", ["NO", "BAD"])
def test_a_code_of_a_refusal_is_data_and_no_part_of_the_exception(type_: str) -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "joe", Secret(PASSWORD))
    driver.complete(login, f"{type_} [ALERT hunter2horse] no")
    (outcome,) = driver.outcomes(login)
    told = repr(outcome)  # of the exception, or of the data that it is made of
    assert "[ALERT [secret]] no" in told
    assert "hunter2" not in told
    assert driver.core.untagged["ALERT"] == [b"hunter2horse"]


def test_fetches_are_collected_in_one_go_behind_a_login() -> None:
    driver = Driver()
    driver.complete(driver.submit("LOGIN", "joe", Secret(PASSWORD)), "OK [CAPABILITY X] done")
    driver.complete(driver.submit("SELECT", "INBOX"))
    fetch = driver.submit("FETCH", "1:*", "X")
    wire = b"* 1 FETCH (X hunter2horse)\r\n"
    few = calls_of(lambda: driver.receive(wire * 10))
    assert calls_of(lambda: driver.receive(wire * 1000)) < 80 * few
    driver.complete(fetch)
    assert driver.result(fetch) == ("OK", [b"1 (X hunter2horse)"] * 1010)


# -- What a server can make of it ------------------------------------------------------------------


def exchange() -> tuple[Driver, Command]:
    driver = Driver()
    return driver, driver.submit("AUTHENTICATE", "X")


def challenge(driver: Driver, command: Command, text: bytes) -> None:
    """A challenge with *text*, and the answer to it."""
    driver.receive(b"+ " + b64encode(text) + b"\r\n")
    assert driver.core.reason is None
    driver.answer(command, b"c2VjcmV0")


def test_fields_of_a_challenge_make_later_lines_no_slower() -> None:
    def work(size: int) -> int:
        driver, command = exchange()
        challenge(driver, command, b" ".join(b"%06x" % number for number in range(size)))
        lines = b"* OK Still working on it\r\n" * 100
        calls = calls_of(lambda: driver.receive(lines))
        assert len(driver.core.untagged["OK"]) == 100
        assert driver.pending(command)
        return calls

    assert work(10_000) < 2 * work(10)


def test_challenges_make_later_lines_no_slower() -> None:
    def work(size: int) -> int:
        driver, command = exchange()
        for number in range(size):
            challenge(driver, command, b"%08d" % number)
        calls = calls_of(lambda: driver.receive(b"* OK Still working on it\r\n" * 100))
        assert driver.pending(command)
        return calls

    assert work(90) < 2 * work(9)


def test_a_long_text_while_logging_in_takes_linear_time() -> None:
    def work(size: int) -> None:
        driver, command = exchange()
        challenge(driver, command, b"aaa")
        driver.receive(b"* OK " + b"aaa" * size + b"\r\n")
        driver.receive(b"* OK [aaa" + b" {3}\r\naaa" * (size // 100) + b"\r\n")
        assert driver.pending(command)

    assert_linear(work, 10_000)


def test_challenges_are_not_kept() -> None:
    driver, command = exchange()
    with little_memory(12 * MEGA):
        for number in range(30):
            challenge(driver, command, b"%08d" % number * (MEGA // 8))
            driver.events.clear()
    assert driver.pending(command)


def test_an_exchange_that_never_ends_is_ended() -> None:
    driver, command = exchange()
    for _ in range(100):
        challenge(driver, command, b"again")
    driver.receive(b"+ YWdhaW4=\r\n")
    assert "more than 100 challenges" in str(driver.error(command))


def test_each_exchange_may_take_as_long() -> None:
    driver = Driver()
    for _ in range(2):
        command = driver.submit("AUTHENTICATE", "X")
        for _ in range(60):
            challenge(driver, command, b"again")
        driver.complete(command, "NO")
    assert driver.core.reason is None


def test_literals_in_a_text_while_logging_in_cost_work_like_anything_else() -> None:
    def work(size: int) -> int:
        driver, command = exchange()
        challenge(driver, command, b"aaa")
        return calls_of(lambda: driver.receive(b"* OK [X" + b" {0}\r\n" * size + b"]\r\n"))

    assert work(200 * FACTOR) < MOST * work(200)
