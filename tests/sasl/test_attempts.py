"""One attempt to log in behind the other: what the server's answer means to the next one."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._auth import Mechanism
from imaplib2._errors import InvalidArgument, TimeoutAbort, abort, error
from imaplib2._protocol.arguments import Password
from imaplib2._sasl.attempts import Attempt, LoginCommand, given, log_in, preparing

from .helpers import FakeClient

OK = ("OK", b"welcome")
NO = ("NO", b"no")
BAD = ("BAD", b"what?")


def attempts(client: Any, *mechanisms: Mechanism) -> list[Attempt]:
    return [Attempt(client, mechanism) for mechanism in mechanisms]


def told(*, judged: bool = True, name: str = "X", message: bytes = b"message") -> Mechanism:
    return Mechanism(name, message, judged_by_it=judged)


# -- What is sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "mechanism", "sent"),
    [
        (["SASL-IR"], told(), ("AUTHENTICATE", "X", b"bWVzc2FnZQ==")),
        (["SASL-IR"], told(message=b""), ("AUTHENTICATE", "X", b"=")),
        (["SASL-IR"], Mechanism("X"), ("AUTHENTICATE", "X")),
        ([], told(), ("AUTHENTICATE", "X")),
    ],
)
def test_an_initial_response_is_sent_where_the_server_takes_one(
    capabilities: list[str], mechanism: Mechanism, sent: tuple[Any, ...]
) -> None:
    client: Any = FakeClient(capabilities, [OK])
    assert Attempt(client, mechanism).make() == ("OK", [b"welcome"])
    assert client.sent == [sent]


def test_a_replaced_simple_command_gets_none() -> None:
    client: Any = FakeClient(["SASL-IR"], [OK])
    client.has_double = True
    Attempt(client, told()).make()
    assert client.sent == [("AUTHENTICATE", "X")]


def test_the_command_login_has_a_password() -> None:
    client: Any = FakeClient([], [OK])
    assert LoginCommand(client, "fred", "secret").make() == ("OK", [b"welcome"])
    ((name, user, password),) = client.sent
    assert (name, user) == ("LOGIN", "fred")
    assert isinstance(password, Password)


# -- Refused or failed ----------------------------------------------------------------------------

REFUSALS = [
    (BAD, True),
    (BAD, False),
    (("NO", b"[CANNOT] never"), True),
    (("NO", b"[PRIVACYREQUIRED] encrypt first"), True),
    (NO, False),
    (("NO", b"[ALERT] unsupported"), False),
]
FAILURES = [
    (NO, True),
    (("NO", b"[ALERT] wrong"), True),
    *((("NO", b"[%b] no" % code), judged) for judged in (True, False) for code in (
        b"AUTHENTICATIONFAILED", b"AUTHORIZATIONFAILED", b"EXPIRED", b"NOPERM", b"CONTACTADMIN",
        b"UNAVAILABLE", b"LIMIT", b"INUSE", b"SERVERBUG",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "judged"), REFUSALS)
def test_behind_a_refused_mechanism_the_next_is_tried(answer: Any, judged: bool) -> None:
    client: Any = FakeClient(["SASL-IR"], [answer, OK])
    tried = attempts(client, told(judged=judged), told(name="Y"), told(name="Z"))
    assert log_in(tried, None, None) == ("OK", [b"welcome"])
    assert [words[1] for words in client.sent] == ["X", "Y"]


@pytest.mark.parametrize(("answer", "judged"), FAILURES)
def test_behind_refused_credentials_none_is(answer: Any, judged: bool) -> None:
    client: Any = FakeClient(["SASL-IR"], [answer, OK])
    with pytest.raises(error, match=answer[1].decode().replace("[", r"\[")):
        log_in(attempts(client, told(judged=judged), told(name="Y")), None, None)
    assert len(client.sent) == 1


def test_a_mechanism_may_know_better() -> None:
    client: Any = FakeClient([], [("NO", b"[AUTHENTICATIONFAILED] x"), OK])
    first = told()
    first.is_refused = True
    assert log_in(attempts(client, first, told()), None, None)[0] == "OK"


@pytest.mark.parametrize("problem", [abort("gone"), InvalidArgument("no"), error("illegal")])
def test_behind_anything_else_none_is(problem: Exception) -> None:
    client: Any = FakeClient([], [problem, OK])
    with pytest.raises(error) as got:
        log_in(attempts(client, told(), told()), None, None)
    assert got.value is problem
    assert len(client.sent) == 1


def test_the_last_refusal_is_the_one_that_is_told() -> None:
    client: Any = FakeClient([], [NO, ("BAD", b"nor that")])
    with pytest.raises(error, match=r"^AUTHENTICATE command error: BAD \[b'nor that'\]$") as got:
        log_in(attempts(client, told(), told()), None, None)
    assert got.value.__context__ is None


def test_what_a_mechanism_was_told_stands_in_the_exception() -> None:
    client: Any = FakeClient([], [("NO", b"[AUTHENTICATIONFAILED] no \x1b")])
    mechanism = told()
    mechanism.challenge, mechanism.remark = {"status": "401"}, "status: 401\r\n" + "x" * 9000
    with pytest.raises(error) as got:
        log_in(attempts(client, mechanism), None, None)
    text = str(got.value)
    assert text.startswith("[AUTHENTICATIONFAILED] no \\x1b (status: 401\\x0d\\x0axxx")
    assert len(text) < 600
    assert got.value.challenge == {"status": "401"}
    assert error("x").challenge is None


def test_an_ok_that_is_not_believed() -> None:
    class Doubting(Mechanism):
        def doubt(self) -> str:
            return "not proved"

    client: Any = FakeClient([], [OK, OK])
    with pytest.raises(abort, match=r"^not proved$"):
        log_in(attempts(client, Doubting("X"), told()), None, None)
    assert len(client.sent) == 1


# -- With a callback ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([OK], (("OK", [b"welcome"]), "mine", None)),
        ([BAD, BAD, OK], (("OK", [b"welcome"]), "mine", None)),
        ([BAD, ("NO", b"[EXPIRED] x")], (None, "mine", (error, "[EXPIRED] x"))),
        (
            [BAD, BAD, BAD],
            (None, "mine", (error, "AUTHENTICATE command error: BAD [b'what?']")),
        ),
        ([BAD, TimeoutAbort("gone")], (None, "mine", (TimeoutAbort, "gone"))),
        ([BAD, KeyError()], (None, "mine", (error, "illegal"))),
    ],
)
def test_a_callback_is_called_once_with_the_outcome(answers: Any, outcome: Any) -> None:
    called: list[Any] = []
    client: Any = FakeClient([], answers)
    tried = attempts(client, told(), told(), told())
    assert log_in(tried, called.append, "mine") == (None, None)
    assert called == [outcome]


def test_a_later_attempt_that_can_not_be_made_is_told_by_the_class_that_users_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client: Any = FakeClient([], [BAD])
    first, second = attempts(client, told(), told())

    def fail(*arguments: Any) -> None:
        raise TimeoutAbort("gone")

    monkeypatch.setattr(second, "make", fail)
    called: list[Any] = []
    log_in([first, second], called.append, None)
    assert called == [(None, None, (abort, "gone"))]


def test_each_attempt_is_made_for_the_future_of_the_call() -> None:
    client: Any = FakeClient([], [BAD, OK])
    client.future = object()
    called: list[Any] = []
    log_in(attempts(client, told(), told()), called.append, None)
    assert client.issued_for == [client.future] * 2


def test_what_can_be_told_at_once_is_raised() -> None:
    client: Any = FakeClient([], [KeyError()])
    with pytest.raises(error, match=r"^illegal$"):
        log_in(attempts(client, told()), lambda outcome: None, None)


def test_what_a_callback_raises_is_its_own() -> None:
    def called(outcome: Any) -> None:
        seen.append(outcome)
        raise error("mine")

    seen: list[Any] = []
    client: Any = FakeClient([], [BAD, OK])
    with pytest.raises(error, match=r"^mine$"):
        log_in(attempts(client, told(), told()), called, None)
    assert seen == [(("OK", [b"welcome"]), None, None)]


# -- What is given --------------------------------------------------------------------------------


class Marked(str):
    """A str that claims to be another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "x"


@pytest.mark.parametrize(
    ("secret", "value"),
    [
        ("secret", "secret"),
        (b"secret", b"secret"),
        (bytearray(b"secret"), b"secret"),
        (memoryview(b"secret"), b"secret"),
        (Marked("secret"), "secret"),
        (lambda: "secret", "secret"),
        (lambda: b"secret", b"secret"),
    ],
)
def test_a_secret_or_what_gives_it(secret: Any, value: Any) -> None:
    found = given("token", secret)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("secret", [None, 42, ["open-sesame"], lambda: None, lambda: ("sesame",)])
def test_what_is_no_secret_is_not_shown(secret: Any) -> None:
    with pytest.raises(TypeError, match=r"^token must be str or bytes, or a function") as got:
        given("token", secret)
    assert "sesame" not in str(got.value)


def test_what_its_function_raises_is_passed_on() -> None:
    def ask() -> str:
        raise LookupError("no keyring")

    with pytest.raises(LookupError, match="no keyring"):
        given("password", ask)


def test_the_state_is_looked_at_unless_a_double_answers() -> None:
    client: Any = FakeClient()
    with preparing(client):
        assert client.checked == ["AUTHENTICATE"]
    client.has_double = True
    with preparing(client):
        assert client.checked == ["AUTHENTICATE"]


@pytest.mark.parametrize("problem", [error("none offered"), LookupError("no keyring")])
def test_what_is_raised_before_anything_is_sent_leaves_no_literal(problem: Exception) -> None:
    client: Any = FakeClient()
    client.literal = b"left"
    with pytest.raises(type(problem)), preparing(client):
        raise problem
    assert client.literal is None
