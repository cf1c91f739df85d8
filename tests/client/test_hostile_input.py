"""Whatever is handed to a method, a server never reads anything but the one command that it means.

Generated from the table of commands and from the methods themselves: a row, a method or a parameter
that is added is covered here, and one that can't be covered without a word about it fails a test.
"""

from __future__ import annotations

import base64
import inspect
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imaplib2 import IMAP4, Commands
from imaplib2._errors import error
from imaplib2._protocol.arguments import Buffer
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS, Kind, Row
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.states import SELECTED
from imaplib2._threads.engine import Engine
from imaplib2._threads.pending import Pending
from imaplib2._trace import Trace

from ..core.test_arguments_properties import HARMLESS, LOOK_ALIKES, arguments, is_balanced
from ..core.tokenizer import List, Literal, Quoted, parse_command
from ..server import inside

CAPABILITIES = b"IMAP4rev1 ENABLE IDLE COMPRESS=DEFLATE AUTH=PLAIN AUTH=CRAM-MD5"


# -- A client, and a server that listens ----------------------------------------------------------


class Listener:
    """A server that knows no more of a command than where it ends, and agrees to each."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._received = b""
        self._looked_at = 0  # up to where it is known that the command goes on
        self._asked = False  # for the literal that comes next
        self._tag = b""  # of the command that is in an exchange

    def receive(self, data: bytes) -> bytes:
        """Take what the client sends; the answer to it."""
        self._received += data
        return b"".join(self._answers())

    def _answers(self) -> Iterator[bytes]:
        while (end := self._received.find(b"\r\n", self._looked_at)) >= 0:
            end += 2
            announced = re.search(rb"\{([0-9]+)(\+?)\}\r\n\Z", self._received[:end])
            if announced is None:
                line, self._received = self._received[:end], self._received[end:]
                self._looked_at = 0
                yield self._answer(line)
                continue
            if not announced[2] and not self._asked:
                self._asked = True
                yield b"+ go on\r\n"
            if len(self._received) < end + int(announced[1]):
                return
            self._asked = False
            self._looked_at = end + int(announced[1])

    def _answer(self, line: bytes) -> bytes:
        self.heard.append(line)
        if self._tag:
            tag, self._tag = self._tag, b""
            return tag + b" OK done\r\n"
        tag, name, *words = [*line.upper().split(), b""]
        if name == b"IDLE" or (name == b"AUTHENTICATE" and len(words) < 3):
            self._tag = tag
            return b"+ \r\n" if name == b"AUTHENTICATE" else b"+ idling\r\n* 1 EXISTS\r\n"
        if name in (b"LOGIN", b"AUTHENTICATE", b"CAPABILITY"):
            return b"* CAPABILITY %b\r\n%b OK done\r\n" % (CAPABILITIES, tag)
        return tag + (b" NO thanks\r\n" if name == b"COMPRESS" else b" OK done\r\n")


class Wire:
    """A transport to the listener, whose answers wait to be taken."""

    can_send_at_once = honours_timeouts = True

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.answers = b""

    def try_send(self, data: Buffer) -> int:
        self.answers += self.listener.receive(bytes(data))
        return len(data)

    def interrupt(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """There is nothing to close."""


class Loop(Engine):
    """The engine of a connection, without its threads: whoever waits does their work."""

    def __init__(self, core: Connection, wire: Wire) -> None:
        transport: Any = wire
        super().__init__(core, transport, lambda command, unread: transport, Trace())
        inside.call_nothing_back(self)
        self.wire = wire
        self._looks = 0

    def submit(self, command: Command) -> None:
        super().submit(command)
        self.receive()

    def receive(self) -> None:
        """Take what the listener has answered."""
        while self.wire.answers:
            answers, self.wire.answers = self.wire.answers, b""
            inside.receive(self, answers)

    def wait(self, pending: Pending) -> Any:
        self._looks = 0
        return pending.wait(self._look)

    def _look(self) -> float:
        self._looks += 1
        assert self._looks < 100, "the command does not end"
        self.receive()
        return 0.0


class Client(IMAP4):
    """A client whose server is a `Listener`."""

    def __init__(self, *, utf8: bool = False, capabilities: bytes = b"") -> None:
        self.listener = Listener()
        super().__init__()
        self._core.utf8_enabled = self._utf8 = utf8
        self._loop.wire.answers = b"* OK [CAPABILITY %b %b] ready\r\n" % (
            *(CAPABILITIES, capabilities),
        )
        self._loop.receive()

    def open(self, *args: Any) -> None:
        """There is nobody to connect to."""

    def _connect(self) -> None:
        self._loop = Loop(self._core, Wire(self.listener))
        self._engine = self._by_hand.port.engine = self._loop

    def heard(self) -> list[bytes]:
        """The commands that have arrived since the last call."""
        heard, self.listener.heard = self.listener.heard, []
        return heard

    def understood(self) -> Any:
        """What a server understands of the one command that it has heard."""
        (raw,) = (line for line in self.heard() if line != b"DONE\r\n")
        return parse_command(raw, utf8=self._utf8)

    def check_untouched(self) -> None:
        """Nothing was sent, and nothing is left of what was to be sent."""
        assert self.listener.heard == []
        assert self.listener._received == b""
        assert self.literal is None
        assert dict(self.tagged_commands) == {}
        assert not self._core.in_progress
        assert not self._core.held
        assert not self._core.output_size


class Called:
    """A callback that must not be called."""

    def __call__(self, outcome: Any) -> None:
        pytest.fail(f"the callback was called with {outcome!r}")


# -- The methods, and something harmless for each of their parameters -----------------------------

#: Of every method: parameters whose values go nowhere but into Python's own decisions.
OFF_THE_WIRE = {
    *("uid", "readonly", "timeout", "duration", "callback", "cb_arg", "authobject", "params"),
    *("keyfile", "certfile", "ca_certs", "cert_verify_cb", "ssl_version", "tls_level"),
    *("ssl_context", "allow_clear_text", "file", "size", "progress"),
}
#: Methods that send AUTHENTICATE, by what they are told.
SASL = {
    "login_plain": ("user", "password"),
    "login_cram_md5": ("user", "password"),
    "login_scram": ("user", "password"),
    "login_best": ("user", "password"),
    "login_xoauth2": ("user", "token"),
    "login_oauthbearer": ("user", "token"),
    "login_external": ("user",),
}
#: Methods without ``callback=``, which issue no command by themselves: they look, move bytes, or
#: have another method issue one.
NO_COMMANDS = {
    *("idle_done", "open", "open_socket", "print_log", "read", "readline", "read_some", "send"),
    *(
        "shutdown",
        "socket",
        "ssl",
        "ssl_wrap_socket",
        "start_compressing",
        "has_buffered",
        "file_has_more",
    ),
    *("pop_untagged_responses", "submit"),
}
DATE = '"01-Jan-2024 00:00:00 +0000"'
#: By the name of the parameter, or of "method.parameter" where that differs.
SOMETHING: dict[str, Any] = {
    "mailbox": "INBOX",
    "oldmailbox": "INBOX",
    "newmailbox": "x",
    "new_mailbox": "x",
    "directory": "x",
    "pattern": "%",
    "user": "fred",
    "password": "secret",
    "token": "secret",
    "who": "fred",
    "what": "lrs",
    "root": "x",
    "limits": "(STORAGE 5)",
    "names": "(MESSAGES)",
    "flags": "(\\Seen)",
    "date_time": DATE,
    "message": b"x",
    "capability": "CONDSTORE",
    "mechanism": "PLAIN",
    "charset": "UTF-8",
    "criteria": "ALL",
    "search_criteria": "ALL",
    "sort_criteria": "(DATE)",
    "threading_algorithm": "REFERENCES",
    "message_set": "1",
    "message_num": "1",
    "message_parts": "(FLAGS)",
    "message_part": "RFC822",
    "start": "0",
    "length": "9",
    "command": "+FLAGS",
    "entry": "/comment",
    "attribute": "value",
    "name": "XFOO",
    "fields": None,
    "authobject": lambda challenge: b"",
    "uid.command": "FETCH",
    "file": io.BytesIO(),
    "fetch_to.message": "1",
    "item": "BODY[]",
}
#: Where ``*args`` stand.
SEVERAL: dict[str, tuple[Any, ...]] = {
    "id": ("name", "x"),
    "uid": ("1", "(FLAGS)"),
    "getmetadata": ("INBOX", "/shared"),
    "setmetadata": ("INBOX", "(/shared NIL)"),
    "setannotation": ("INBOX", "/comment", "(value NIL)"),
    "xatom": ("x", "y"),
}
#: Text of these is not one value but a piece of protocol, by the rules of quoting.
PROGRAMS = {"message_parts", "criteria", "search_criteria"}
#: Text of these is a list, or is refused.
LISTS = {"names", "flags", "sort_criteria", "limits"}
#: Fetch items; arguments may stand behind the name; the next test but one.
RAW = {("uid", "args[1]"), ("xatom", "name"), ("authenticate", "mechanism")}
#: What must be done about a text that is encoded before it is sent.
ENCODED = {(name, place) for name, places in SASL.items() for place in places}
ENCODED |= {("append", "message")}


def public_methods() -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(IMAP4, inspect.isfunction)
        if not name.startswith("_")
    }


def methods() -> list[str]:
    """The methods that issue commands."""
    called_back = [name for name, s in public_methods().items() if "callback" in s.parameters]
    return [name for name in called_back if name != "response"]  # which looks, too


class Call:
    """A call of a method, with something harmless for each parameter, or with something else."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.parameters = dict(public_methods()[method].parameters)
        del self.parameters["self"]
        self.positional: list[tuple[str, Any]] = []
        self.options: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            self._fill(name, parameter)
        if method == "expunge":  # a message set has to have it
            self.options["uid"] = True

    def _fill(self, name: str, parameter: inspect.Parameter) -> None:
        if parameter.kind is parameter.VAR_POSITIONAL:
            several = SEVERAL.get(self.method) or (SOMETHING.get(name, "x"),)
            self.positional += [(f"{name}[{n}]", value) for n, value in enumerate(several)]
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if name not in OFF_THE_WIRE:
                self.options[name] = self._something(name, parameter)
        else:
            self.positional.append((name, self._something(name, parameter)))

    def _something(self, name: str, parameter: inspect.Parameter) -> Any:
        if name in OFF_THE_WIRE and name not in SOMETHING:
            return parameter.default
        # Of what is new, a word may do; if it doesn't, the next test but one says so.
        return SOMETHING.get(f"{self.method}.{name}", SOMETHING.get(name, "x"))

    @property
    def places(self) -> list[str]:
        """Where something can be put that goes out to the server."""
        names = [*dict(self.positional), *self.options]
        return [name for name in names if name not in OFF_THE_WIRE]

    def stem(self, place: str) -> Any:
        """The harmless value in a *place*."""
        return {**dict(self.positional), **self.options}[place]

    def __call__(self, client: Client, manner: str = "plain", **changed: Any) -> Any:
        """Call the method with what is harmless but for what is *changed*."""
        options = {**self.options}
        for name in options.keys() & changed.keys():
            options[name] = changed[name]
        options |= {name: changed[name] for name in changed.keys() & OFF_THE_WIRE}
        values = [changed.get(name, value) for name, value in self.positional]
        names = [name for name, _ in self.positional]
        for name in options.keys() & set(names):
            values[names.index(name)] = options.pop(name)
        if manner == "callback":
            options["callback"] = options.get("callback", lambda outcome: None)
        name = self.method.upper() if manner == "upper" else self.method
        return getattr(client, name)(*values, **options)


def ready(method: str, **options: Any) -> Client:
    """A client in the state that a *method* is for."""
    client = Client(**options)
    client.state = state_for(method)
    return client


def state_for(method: str) -> str:
    if method == "uid":
        return SELECTED
    row = COMMANDS.get("AUTHENTICATE" if method in SASL else method.upper())
    return row.states[0] if row is not None else SELECTED


def on_the_wire() -> list[Any]:
    """Every place of every method whose value goes out to the server."""
    return [
        pytest.param(name, place, id=f"{name}-{place}")
        for name in methods()
        for place in Call(name).places
    ]


def test_every_public_method_is_sorted() -> None:
    issuing = set(methods())
    assert public_methods().keys() - issuing <= NO_COMMANDS | {"response"}
    assert not issuing & NO_COMMANDS
    named = {name.lower() for name in COMMANDS} - {"compress", "xlist"}
    assert named <= issuing


#: Those of which the server understands too little to agree.
DEMANDING = {"starttls", "logout", "authenticate", "login_scram"}


@pytest.mark.parametrize("method", sorted({*methods()} - DEMANDING))
def test_what_is_harmless_is_sent_as_one_command(method: str) -> None:
    """Otherwise nothing below would show anything."""
    client, call = ready(method), Call(method)
    if method == "idle":
        client.idle(5)
    elif method in SASL:
        call(client)
        assert len(client.heard()) in (2, 3)
        return
    elif method in ("login", "enable_compression", "recent"):
        call(client)
        client.listener.heard[1:] = []
    else:
        call(client)
    command = client.understood()
    assert re.fullmatch(rb"[A-Z]+[0-9]+", command.tag)
    assert command.name


# -- NUL, CR and LF -------------------------------------------------------------------------------


class Shown:
    """Not a str, but written as one."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class Disguised(str):
    """A str that claims to be another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "x"


HOSTILE = ["\0", "\r", "\n", "\r\nA9 EVIL", "\nA9 EVIL\r\n", " {4}\r\nEVIL"]

#: How text is handed over, from something harmless and something that is not.
TEXTS: dict[str, Callable[[str, str], Any]] = {
    "behind": lambda stem, evil: stem + evil,
    "before": lambda stem, evil: evil + stem,
    "within": lambda stem, evil: stem[:1] + evil + stem[1:],
    "alone": lambda stem, evil: evil,
    "quoted": lambda stem, evil: f'"{_bare(stem)}{evil}"',
    "behind quotes": lambda stem, evil: f'"{_bare(stem)}"{evil}',
    "single-quoted": lambda stem, evil: f"'{stem}{evil}'",
    "list": lambda stem, evil: f"({_bare(stem)}{evil})",
    "behind a list": lambda stem, evil: f"({_bare(stem)}){evil}",
    "quoted in a list": lambda stem, evil: f'("{_bare(stem)}{evil}")',
    "non-ASCII": lambda stem, evil: f"\xe9{stem}{evil}",
    "bytes": lambda stem, evil: (stem + evil).encode(),
    "bytes before": lambda stem, evil: (evil + stem).encode(),
    "quoted bytes": lambda stem, evil: f'"{_bare(stem)}{evil}"'.encode(),
    "bytearray": lambda stem, evil: bytearray((stem + evil).encode()),
    "memoryview": lambda stem, evil: memoryview((stem + evil).encode()),
    "strided memoryview": lambda stem, evil: memoryview(_doubled(stem + evil))[::2],
    "object": lambda stem, evil: Shown(stem + evil),
}
#: What is no text; where it isn't understood it is refused, or written as Python shows it.
COLLECTIONS: dict[str, Callable[[str, str], Any]] = {
    "disguised": lambda stem, evil: Disguised(stem + evil),
    "list of str": lambda stem, evil: [stem + evil],
    "second of a list": lambda stem, evil: [stem, evil],
    "tuple": lambda stem, evil: (stem + evil,),
    "set": lambda stem, evil: {stem + evil},
    "list of bytes": lambda stem, evil: [(stem + evil).encode()],
    "list of bytearrays": lambda stem, evil: [bytearray((stem + evil).encode())],
    "generator": lambda stem, evil: (item for item in [stem + evil]),
    "list of objects": lambda stem, evil: [Shown(stem + evil)],
    "pair": lambda stem, evil: [(1, "2" + evil)],
    "first of a pair": lambda stem, evil: [("1" + evil, None)],
    "value of a dict": lambda stem, evil: {"a": stem + evil},
    "key of a dict": lambda stem, evil: {stem + evil: "a"},
}
MANNERS = ["plain", "upper", "callback"]


def _bare(stem: str) -> str:
    return stem.strip('"()')


def _doubled(text: str) -> bytes:
    return b"".join(bytes([byte, 0x41]) for byte in text.encode())


def refusal(call: Callable[..., Any], *args: Any, **options: Any) -> Exception | None:
    """What a call raises, if it does."""
    try:
        call(*args, **options)
    except Exception as problem:
        return problem
    return None


#: What is raised for what was never an argument of a kind: mechanism.upper() of a list, and so on.
WRONG = (error, ValueError, TypeError, AttributeError)


def is_one_line(raw: bytes) -> bool:
    """Whether a command is one line, but for the literal of APPEND at its end."""
    return re.fullmatch(rb"[^\0\r\n]*(?: \{1\}\r\nx)?\r\n", raw) is not None


def is_both(problem: Exception | None) -> bool:
    return isinstance(problem, error) and isinstance(problem, ValueError)


def check_refused(client: Client, call: Callable[[Any], Any], evil: Any, harmless: Any) -> None:
    """The *evil* argument is refused as the contract says, unless the *harmless* one is, too."""
    client.literal = b"left over"
    problem = refusal(call, evil)
    assert problem is not None, f"sent: {client.heard()}"
    if not is_both(problem):
        without = refusal(call, harmless)
        assert without is not None, problem
        assert not is_both(without), problem
        assert isinstance(problem, WRONG), problem
        client.heard()
        client.literal = None
    client.check_untouched()


def check_shown(client: Client, call: Callable[[Any], Any], evil: Any) -> None:
    """It is refused, or what goes out in its place is a line of text."""
    problem = refusal(call, evil)
    if problem is not None:
        assert isinstance(problem, WRONG), problem
        assert client.heard() == []
    for raw in client.heard():
        assert is_one_line(raw), raw


def stems(call: Call, place: str) -> Any:
    stem = call.stem(place)
    return "x" if stem is None else stem.decode() if isinstance(stem, bytes) else str(stem)


@pytest.mark.parametrize(("method", "place"), on_the_wire())
def test_control_characters_in_a_method_s_argument(method: str, place: str) -> None:
    if (method, place) in ENCODED:
        return  # see below
    client, call = ready(method), Call(method)
    stem = stems(call, place)
    for number, evil in enumerate(HOSTILE):
        for form, make in TEXTS.items():
            for manner in MANNERS[number % 3 :][:1] if number > 2 else MANNERS:

                def attempt(value: Any, manner: str = manner) -> Any:
                    client.state = state_for(method)
                    return call(client, manner, **{place: value})

                if form == "non-ASCII" and "criteria" in place:
                    check_a_literal_at_most(client, attempt, make(stem, evil))
                else:
                    check_refused(client, attempt, make(stem, evil), make(stem, ""))
        for make in COLLECTIONS.values():
            check_shown(client, attempt, make(stem, evil))
    client.state = "SELECTED"
    client.noop()
    assert client.understood().name == "NOOP"


def check_a_literal_at_most(client: Client, call: Callable[[Any], Any], evil: str) -> None:
    """A search string that has to be a literal may hold CR and LF."""
    if not is_both(refusal(call, evil)):
        assert "\0" not in evil
        assert any(isinstance(node, Literal) for node in client.understood().args)
    client.heard()
    client.literal = None


@pytest.mark.parametrize("method", methods())
def test_control_characters_in_what_stays_here(method: str) -> None:
    """Options that are no arguments of the command leave no trace on the wire."""
    call = Call(method)
    for place in (call.parameters.keys() & OFF_THE_WIRE) - {"authobject", "params", "callback"}:
        for evil in HOSTILE:
            client = ready(method)
            refusal(call, client, **{place: f"x{evil}"})
            for raw in client.heard():
                assert b"EVIL" not in raw
                assert is_one_line(raw)


@pytest.mark.parametrize(("method", "place"), sorted(ENCODED - {("append", "message")}))
@pytest.mark.parametrize("evil", HOSTILE)
def test_control_characters_in_what_is_encoded(method: str, place: str, evil: str) -> None:
    for capabilities in (b"", b"SASL-IR AUTH=SCRAM-SHA-256", b"AUTH=SCRAM-SHA-256"):
        client, call = ready(method, capabilities=capabilities), Call(method)
        for value in (f"x{evil}", f"x{evil}".encode(), bytearray(f"x{evil}".encode())):
            client.state = state_for(method)
            problem = refusal(call, client, **{place: value})
            assert problem is None or isinstance(problem, error)
            for raw in client.heard():
                assert re.fullmatch(rb"[ -~]*\r\n", raw), raw


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize("capabilities", [b"", b"LITERAL+", b"LITERAL-"])
@pytest.mark.parametrize("evil", [*HOSTILE[1:], "}\r\nA9 EVIL", "{4}\r\nEVIL"])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_message_is_one_literal(
    evil: str, capabilities: bytes, utf8: bool, kind: Callable[[bytes], Any]
) -> None:
    client = ready("append", utf8=utf8, capabilities=capabilities)
    message = f"a: b{evil}\r\n\r\n{evil}".encode()
    client.append("INBOX", "(\\Seen)", DATE, kind(message))
    arguments = client.understood().args
    literal = arguments[-1].items[0] if utf8 else arguments[-1]
    assert literal.value == re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    assert len(arguments) == (5 if utf8 else 4)


# -- Parameters of placeholders -------------------------------------------------------------------

PLACEHOLDERS = {"?": "x", "?f": "\\Seen", "?s": "1"}
WITH_PARAMS = [name for name in methods() if "params" in Call(name).parameters]


def last_place(call: Call) -> str:
    return call.places[-1]


def test_methods_with_params_are_known() -> None:
    assert {"search", "sort", "thread", "fetch", "uid"} <= set(WITH_PARAMS)


@pytest.mark.parametrize("method", WITH_PARAMS)
@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_control_characters_in_params(method: str, placeholder: str) -> None:
    client, call = ready(method), Call(method)
    text = {last_place(call): f"BODY {placeholder}"}
    for evil in HOSTILE:

        def attempt(value: Any) -> Any:
            return call(client, **text, params=[value])

        stem = PLACEHOLDERS[placeholder]
        for form, make in TEXTS.items():
            if form == "non-ASCII" and placeholder == "?":
                check_a_literal_at_most(client, attempt, make(stem, evil))
            else:
                check_refused(client, attempt, make(stem, evil), make(stem, ""))
        for make in COLLECTIONS.values():
            check_shown(client, attempt, make(stem, evil))


@pytest.mark.parametrize("method", WITH_PARAMS)
@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_params_add_no_arguments(method: str, text: str) -> None:
    call = Call(method)
    if method == "uid":
        call.positional[0] = ("command", "SEARCH")
    for placeholder in PLACEHOLDERS:
        client = ready(method)
        template = f"SUBJECT {placeholder} UNSEEN"
        problem = refusal(call, client, **{last_place(call): template}, params=[text])
        if problem is not None:
            assert is_both(problem)
            assert placeholder != "?" or (method == "fetch" and not text.isascii())
            client.check_untouched()
            continue
        if placeholder == "?f":
            (raw,) = client.heard()
            listed = raw.partition(b"SUBJECT ")[2].rpartition(b" UNSEEN\r\n")[0]
            assert is_balanced(listed)
            continue
        *_, key, value, behind = _criteria(client.understood().args)
        assert (key.value, behind.value) == (b"SUBJECT", b"UNSEEN")
        assert placeholder == "?"
        assert value.value == text.encode()


def _criteria(nodes: Any) -> Any:
    """The parts of the text with the placeholder: of fetch items, those in the list."""
    return nodes[-1].items if isinstance(nodes[-1], List) else nodes


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_params_may_be_buffers(kind: Callable[[bytes], Any]) -> None:
    client = ready("search")
    client.search(None, "SUBJECT ?", params=[kind(b"a b")])
    assert client.understood().args[-1] == Quoted(b"a b")


@pytest.mark.parametrize("items", [["a b"], ["a) (b"], ['"a" "b"'], ["a", "(b)"], ["a", ""]])
def test_flags_in_params_are_one_by_one(items: list[str]) -> None:
    """As those of ``store`` are."""
    calls: list[Callable[[Client], Any]] = [
        lambda client: client.store("1", "FLAGS", items),
        lambda client: client.search(None, "KEYWORD ?f", params=[items]),
    ]
    for call in calls:
        client = ready("store")
        assert is_both(refusal(call, client)), client.heard()


# -- Look-alikes of strings and lists -------------------------------------------------------------


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize(("method", "place"), on_the_wire())
def test_look_alikes_add_no_arguments(method: str, place: str, utf8: bool) -> None:
    if place in PROGRAMS or place.partition("[")[0] in PROGRAMS or (method, place) in ENCODED:
        return  # text that is protocol; its values are the business of the next test
    call = Call(method)
    if (method, place) in RAW:
        return
    client = ready(method, utf8=utf8)
    if method == "search" and utf8:
        return  # takes no charset
    usual = sent_by(client, call)
    count = len(parse_command(usual, utf8=utf8).args)
    for text in LOOK_ALIKES:
        problem = refusal(call_in_state, client, call, **{place: text})
        if problem is not None:
            assert isinstance(problem, (error, ValueError)), problem
            client.check_untouched()
            continue
        if place in LISTS:
            (raw,) = client.heard()
            assert is_balanced(listed_in(raw, usual))
            continue
        nodes = client.understood().args
        assert len(nodes) == count, (text, nodes)


def listed_in(raw: bytes, usual: bytes) -> bytes:
    """What *raw* has in the place of the list of a *usual* command."""
    (before, behind) = re.split(rb"\((?:[^()]*)\)", usual, maxsplit=1)
    before = before.partition(b" ")[2]
    raw = raw.partition(b" ")[2]
    assert raw.startswith(before)
    assert raw.endswith(behind)
    return raw[len(before) : len(raw) - len(behind)]


def call_in_state(client: Client, call: Call, **changed: Any) -> None:
    client.state = state_for(call.method)
    call(client, **changed)
    client.listener.heard[1:] = []  # a question for the capabilities may follow


def sent_by(client: Client, call: Call, **changed: Any) -> bytes:
    call_in_state(client, call, **changed)
    (raw,) = client.heard()
    return raw


@pytest.mark.parametrize("text", LOOK_ALIKES)
@pytest.mark.parametrize("method", ["search", "sort", "thread"])
def test_look_alikes_add_no_search_keys(method: str, text: str) -> None:
    client, call = ready(method), Call(method)
    names = [name for name, _ in call.positional]
    values = [value for _, value in call.positional][:-1]
    assert names[-1].endswith("criteria[0]")
    getattr(client, method)(*values, "SUBJECT", text, "UNSEEN")
    *_, key, value, behind = client.understood().args
    assert (key.value, behind.value) == (b"SUBJECT", b"UNSEEN")
    assert not isinstance(value, List)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_mechanism_is_one_argument(text: str) -> None:
    client = ready("authenticate")
    problem = refusal(client.authenticate, text, lambda challenge: b"")
    if problem is None:
        command = client.listener.heard[0]
        assert len(parse_command(command).args) == 1
    else:
        assert is_both(problem)
        client.check_untouched()


@pytest.mark.parametrize("text", ["(old) mail/", "(a) (b)", "(SUBSCRIBED)x", "(SUBSCRIBED x) y"])
def test_a_directory_in_parentheses_is_no_option_of_list(text: str) -> None:
    client = ready("list")
    client.list(text, "%")
    assert len(client.understood().args) == 2


@pytest.mark.parametrize("text", ["% RETURN (x) (y)", "mail RETURN (old)", "RETURN (CHILDREN)"])
def test_a_pattern_that_returns_is_no_option_of_list(text: str) -> None:
    client = ready("list")
    client.list("", text)
    assert len(client.understood().args) == 2


@pytest.mark.parametrize("text", [*LOOK_ALIKES, "1 2", "1,", ",", "1:", ":", "*:", "1:2:3", "$1"])
def test_what_is_no_message_set_is_refused(text: str) -> None:
    client = ready("fetch")
    for value in (text, [text], [1, text], [(1, text)], [(text, 1)], (text,), {text: 1}):
        problem = refusal(client.fetch, value, "(FLAGS)")
        assert is_both(problem), client.heard()
    client.check_untouched()


# -- The table ------------------------------------------------------------------------------------

ROWS = [*COMMANDS.values(), *UID_COMMANDS.values()]


def through_command(client: Client, name: str, *values: Any) -> Any:
    return client._command_complete(name, client._command(name, *values))


def in_the_name(client: Client, name: str, *values: Any) -> Any:
    texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
    return client.xatom(" ".join([name, *texts]))


def in_lower_case(client: Client, name: str, *values: Any) -> Any:
    return client.xatom(name.lower(), *values)


def through_uid(client: Client, name: str, *values: Any) -> Any:
    return client.uid(name.partition(" ")[2], *values)


ROUTES: dict[str, Callable[..., Any]] = {
    "xatom": lambda client, name, *values: client.xatom(name, *values),
    "xatom, lower case": in_lower_case,
    "xatom, in the name": in_the_name,
    "_simple_command": lambda client, name, *values: client._simple_command(name, *values),
    "_command": through_command,
    "uid": through_uid,
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_control_characters_in_a_row_of_the_table(row: Row, route: str) -> None:
    if row.name.startswith("UID ") != (route == "uid"):
        return
    client = Client()
    go = ROUTES[route]
    for place in range(len(row.arguments) + 1):
        for evil in HOSTILE:
            for form, make in TEXTS.items():
                if route == "xatom, in the name" and form not in ("behind", "before", "within"):
                    continue
                stem = stem_of(row, place)
                if form == "non-ASCII" and Kind.SEARCH in row.arguments[place:]:
                    continue

                def attempt(value: Any, place: int = place) -> Any:
                    client.state = row.states[0]
                    return go(client, row.name, *arguments(row, place, value))

                check_refused(client, attempt, make(stem, evil), make(stem, ""))


def stem_of(row: Row, place: int) -> str:
    return str(HARMLESS[row.arguments[place]]) if row.arguments[place:] else "x"


NAMES = ["XFOO\0", "\rXFOO", "XF\nOO", "XFOO\r\nA9 EVIL", "XFOO\r\n", "\r\n", "NOOP\nA9 EVIL x"]
ODD_NAMES = ["", " ", '"NOOP"', "(NOOP)", "NO\\OP", "{5}", "N\xd6\xd6P", "NOOP*", "N%P"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", NAMES + ODD_NAMES)
@pytest.mark.parametrize("known", [False, True])
def test_what_is_no_name_of_a_command(
    name: str, route: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one that an extender has put into the table."""
    if known:
        monkeypatch.setitem(Commands, name, ("NONAUTH", "AUTH", "SELECTED"))
        monkeypatch.setitem(Commands, name.upper(), ("NONAUTH", "AUTH", "SELECTED"))
    client = Client()
    client.state = SELECTED
    given = f"UID {name}" if route == "uid" else name
    problem = refusal(ROUTES[route], client, given, "x")
    assert isinstance(problem, error), client.heard()
    assert name in ODD_NAMES or is_both(problem)
    client.check_untouched()


# -- Literals, SASL, tags, helpers ----------------------------------------------------------------


@pytest.mark.parametrize("evil", HOSTILE[1:])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("capabilities", [b"", b"LITERAL+"])
def test_a_literal_that_is_set_by_hand_may_hold_anything(
    evil: str, kind: Callable[[bytes], Any], capabilities: bytes
) -> None:
    data = f"{evil}A9 EVIL{evil}".encode()
    for route in ("xatom", "_simple_command", "_command"):
        client = Client(capabilities=capabilities)
        client.literal = kind(data)
        ROUTES[route](client, "XFOO", "a b")
        (argument, literal) = client.understood().args
        assert argument == Quoted(b"a b")
        assert literal.value == data


@pytest.mark.parametrize("literal", ["a\r\nb", ["a\r\nb"], 5, {"a": 1}])
def test_a_literal_that_is_not_bytes(literal: Any) -> None:
    client = Client()
    client.literal = literal
    assert isinstance(refusal(client.xatom, "XFOO"), TypeError)
    client.check_untouched()


@pytest.mark.parametrize(
    "response", [b"eA\r\n==", b"\r\nA9 EVIL", b"eA==\r\nA9 EVIL", b"\0", b"eA==\rx", b"\neA=="]
)
def test_a_response_of_a_callable_literal_is_one_line(response: bytes) -> None:
    for route in ("xatom", "_simple_command", "_command"):
        client = Client()
        client.literal = lambda challenge: response
        refusal(ROUTES[route], client, "AUTHENTICATE", "XFOO")
        for line in client.heard():
            assert b"EVIL" not in line
            assert re.fullmatch(rb"[ -~]*\r\n", line), line


def test_the_newline_of_a_callable_literal_s_base64_is_not_sent() -> None:
    """``binascii`` and ``base64`` put one there."""
    client = Client()
    client.literal = lambda challenge: base64.encodebytes(b"x")
    client.xatom("AUTHENTICATE", "XFOO")
    assert client.heard()[1] == b"eA==\r\n"


@pytest.mark.parametrize("evil", HOSTILE)
@pytest.mark.parametrize("kind", [str, bytes, bytearray, memoryview])
def test_a_response_of_an_authenticator_is_encoded(evil: str, kind: Any) -> None:
    client = Client()
    response = evil if kind is str else kind(evil.encode())
    client.authenticate("XFOO", lambda challenge: response)
    assert base64.b64decode(client.heard()[1], validate=False) == evil.encode()


@pytest.mark.parametrize("evil", HOSTILE)
def test_helpers_refuse_control_characters(evil: str) -> None:
    client = Client()
    for value in (f"a{evil}", f'"a{evil}"', f"(a{evil})", f"a{evil}".encode()):
        assert is_both(refusal(client._checkquote, value))
    quoted = client._quote(f"a{evil}")
    assert is_both(refusal(client._simple_command, "XFOO", quoted))
    client.check_untouched()


def test_a_refused_command_calls_nobody_back() -> None:
    for name in methods():
        call = Call(name)
        for place in set(call.places) - {p for m, p in ENCODED if m == name}:
            client = ready(name)
            value = f"{stems(call, place)}\r\nA9 EVIL"
            assert refusal(call, client, "callback", callback=Called(), **{place: value})
            client.check_untouched()


def test_tags_are_what_they_are() -> None:
    client = Client()
    tags = [client.xatom("NOOP") and client.understood().tag for _ in range(50)]
    tags += [client._new_tag() for _ in range(50)]
    assert len(set(tags)) == 100
    assert all(re.fullmatch(rb"[A-Z]+[0-9]+", tag) for tag in tags)


def test_surrogates_are_refused_like_control_characters() -> None:
    """What no encoding has is an error of ours, not one of a codec's."""
    for name in methods():
        call = Call(name)
        for place in set(call.places) - {"message", "date_time", "fields"}:
            client = ready(name)
            stem = stems(call, place)
            for value in (f"{stem}\ud800", f'"{stem}\ud800"', f"({_bare(stem)}\ud800)"):
                problem = refusal(call, client, **{place: value})
                assert isinstance(problem, error), (name, place, problem)
                client.check_untouched()
    client = Client()
    assert isinstance(refusal(client.xatom, "XFOO \ud800"), error)
    assert isinstance(refusal(client.id, "name", b"\xff"), error)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffers_are_text_in_id(kind: Callable[[bytes], Any]) -> None:
    client = Client()
    client.id("name", kind(b"x y"))
    (fields,) = client.understood().args
    assert fields.items == (Quoted(b"name"), Quoted(b"x y"))


def test_text_is_what_it_holds_and_not_what_it_shows() -> None:
    """A member of ``class P(str, Enum)``, for instance, shows the name of its class."""
    calls: list[Callable[[Client], Any]] = [
        lambda client: client.login("me", Disguised("secret")),
        lambda client: client.id("name", Disguised("secret")),
        lambda client: client.search(None, "KEYWORD ?f", params=[[Disguised("secret")]]),
        lambda client: client.search(None, "SUBJECT ?", params=[Disguised("secret")]),
    ]
    for call in calls:
        client = Client()
        client.state = "NONAUTH"
        if refusal(call, client) is not None:
            client.state = SELECTED
            call(client)
        assert b"secret" in client.heard()[0]
