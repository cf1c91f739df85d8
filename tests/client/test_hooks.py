"""Which methods of a client are replaced, and what carries its bytes then: without any I/O."""

from __future__ import annotations

import weakref
import zlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2._attributes import Attributes, is_replaced
from imaplib2._by_hand.by_hand import ByHand
from imaplib2._errors import abort, error
from imaplib2._hooks import Hooks
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS
from imaplib2._protocol.connection import Connection
from imaplib2._transport.deflate import DeflateTransport
from imaplib2._transport.methods import MethodTransport
from imaplib2._transport.tls_settings import is_tls


class Carrier:
    """A transport that gives what it was given, and keeps what was sent."""

    has_more = False

    def __init__(self, *received: bytes | None, portion: int = 1000) -> None:
        self._received = [*received]
        self._portion = portion
        self.sent = b""
        self.refusals = 0
        self.failure: OSError | None = None

    def recv_into(self, buffer: memoryview) -> int | None:
        data = self._received.pop(0) if self._received else b""
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: Any, timeout: float | None) -> int:
        if self.failure is not None:
            raise self.failure
        if self.refusals:
            self.refusals -= 1
            return 0
        portion = bytes(data[: self._portion])
        self.sent += portion
        return len(portion)

    def fileno(self) -> int:
        return 77

    def close(self) -> None:
        """There is nothing to close."""


class Sock:
    """A socket, as far as its time-out goes."""

    def __init__(self, timeout: float | None = None) -> None:
        self.timeout = timeout

    def gettimeout(self) -> float | None:
        return self.timeout

    def settimeout(self, timeout: float | None) -> None:
        self.timeout = timeout


class Engine:
    """Counts what it is told."""

    is_current = True

    def __init__(self) -> None:
        self.heard_of = 0

    def heard(self) -> None:
        self.heard_of += 1


class Client:
    """What hooks ask of a client; its ``read`` and the like are the hooks' own."""

    abort = abort
    read_fd: int | None = None
    compressor: Any = None
    decompressor: Any = None
    _tls_established = False

    def __init__(self, carrier: Carrier | None = None, sock: Any = None) -> None:
        self.core = Connection()
        self.by_hand = ByHand(self.core)
        self.hooks = Hooks(self.core, self.by_hand, Attributes(), Client)
        self.carrier = carrier or Carrier()
        self.sock = sock
        self.engine = Engine()
        self.steps: list[str] = []

    def read(self, size: int) -> bytes:
        return self.hooks.read(self, size)  # type: ignore[arg-type]

    def readline(self) -> bytes:
        return self.hooks.readline(self)  # type: ignore[arg-type]

    def send(self, data: Any) -> None:
        self.hooks.send(self, data)  # type: ignore[arg-type]

    def ssl_wrap_socket(self) -> None:
        self.steps.append("TLS")

    def start_compressing(self) -> None:
        self.steps.append("DEFLATE")
        self.compressor, self.decompressor = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)

    def _own_sock(self) -> Any:
        return self.sock

    def _running_engine(self) -> Any:
        return self.engine

    def _make_transport(self) -> Any:
        self.steps.append("transport")
        return self.carrier

    def _has_process(self) -> bool:
        return False


def transport(client: Any) -> Any:
    return client.hooks.transport(client)


def own(*names: str) -> type[Any]:
    """A subclass of `Client` that replaces the methods *names*."""
    methods = {
        "read": lambda self, size: b"", "readline": lambda self: b"", "send": lambda self, data: 0,
    }  # fmt: skip
    return type("Own", (Client,), {name: methods[name] for name in names})


# What is replaced


def test_a_method_of_ours_is_not_replaced() -> None:
    assert not is_replaced(Client(), "read", Client.read)
    assert not is_replaced(own("send")(), "read", Client.read)


def test_a_subclass_replaces_a_method() -> None:
    assert is_replaced(own("read")(), "read", Client.read)


def test_an_assignment_replaces_a_method(monkeypatch: pytest.MonkeyPatch) -> None:
    client, original = Client(), Client.read
    client.read = lambda size: b""  # type: ignore[method-assign]
    assert is_replaced(client, "read", original)
    monkeypatch.setattr(Client, "read", lambda self, size: b"")
    assert is_replaced(Client(), "read", original)


@pytest.mark.parametrize("name", ["read", "readline", "send", "_simple_command", "ssl_wrap_socket"])
def test_a_method_that_is_patched_on_the_public_class_is_replaced(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    original = getattr(IMAP4, name)
    client = IMAP4.__new__(IMAP4)
    assert not is_replaced(client, name, original)
    monkeypatch.setattr(IMAP4, name, lambda *args: None)
    assert is_replaced(client, name, original)
    if name in ("read", "readline", "send"):
        assert is_replaced(client, name, getattr(client._hooks._base, name))
    if name == "_simple_command":
        assert client._sends_elsewhere()


def test_nothing_is_encrypted_that_is_no_ssl_socket() -> None:
    assert not is_tls(None)
    assert not is_tls(Sock())


# The transport


def test_the_threads_use_the_transport_itself() -> None:
    client = Client(sock=Sock())
    assert transport(client) is client.carrier
    assert client.read_fd == 77


@pytest.mark.parametrize("names", [["read"], ["send"], ["readline"], ["read", "send"]])
def test_the_threads_use_replaced_methods(names: list[str]) -> None:
    client = own(*names)(sock=Sock())
    hooked = transport(client)
    assert isinstance(hooked, MethodTransport)
    assert hooked.base is client.carrier
    assert client.hooks.reads_lines == client.by_hand.port.reads_lines == ("readline" in names)
    assert client.by_hand.port.sends_unseen == ("send" in names)
    assert transport(client) is hooked


def test_methods_that_do_all_need_no_socket() -> None:
    client = own("read", "send")()
    assert transport(client).base is None
    assert (client.read_fd, client.steps) == (None, [])


def test_a_descriptor_that_a_subclass_has_set_stays_until_an_upgrade() -> None:
    client = Client(sock=Sock())
    client.read_fd = 5
    transport(client)
    assert client.read_fd == 5
    transport(client)
    assert client.read_fd == 77


def test_a_read_with_a_file_is_one_of_lines() -> None:
    class File:
        def readline(self) -> bytes:
            return b""

    client = own("read")(sock=Sock())
    client.file = File()
    transport(client)
    assert client.hooks.reads_lines


def test_without_a_socket_there_is_no_transport() -> None:
    client: Any = Client()
    with pytest.raises(error, match=r"no socket: Client\.open\(\) has set none"):
        client.hooks.socket_transport(client)


# Upgrades


@pytest.mark.parametrize("names", [[], ["read"]])
def test_encrypting_makes_the_transport_anew(names: list[str]) -> None:
    client = own(*names)(sock=Sock())
    before = transport(client)
    client.carrier = Carrier()
    after = client.hooks.upgrade(client, Command(COMMANDS["STARTTLS"], []), b"")
    assert client.steps == ["transport", "TLS", "transport"]
    assert (after is before) == bool(names)
    assert (after.base if names else after) is client.carrier


def test_compressing_wraps_the_transport() -> None:
    client: Any = Client(sock=Sock())
    transport(client)
    compressed = client.hooks.upgrade(client, Command(COMMANDS["COMPRESS"], []), b"")
    assert isinstance(compressed, DeflateTransport)
    assert compressed.inner is client.carrier
    assert client.by_hand.port.is_compressed
    client.send(b"text")
    assert zlib.decompressobj(-15).decompress(client.carrier.sent) == b"text"


# Receiving


def test_reading_waits_for_what_is_no_sign_of_the_end() -> None:
    client = Client(Carrier(None, None, b"ab"))
    assert client.read(10) == b"ab"
    assert client.engine.heard_of == 2
    assert client.read(10) == b""


def test_a_line_is_read_byte_by_byte() -> None:
    client = Client(Carrier(b"a", b"\r", b"\n", b"b"))
    assert client.readline() == b"a\r\n"
    assert client.readline() == b"b"
    assert client.readline() == b""


LINES = st.lists(
    st.tuples(st.binary(max_size=5).map(lambda data: data.translate(None, b"\r\n{}")),
              st.none() | st.binary(max_size=30)),
    max_size=8,
)  # fmt: skip


@given(LINES, st.lists(st.integers(1, 40), min_size=1))
def test_lines_and_literals_are_read_in_turn(
    lines: list[tuple[bytes, bytes | None]], sizes: list[int]
) -> None:
    """A ``read`` that waits for all that it is asked for is not asked for more than there is."""
    stream = b""
    for text, literal in lines:
        announced = b"" if literal is None else b"{%d}\r\n%b" % (len(literal), literal)
        stream += b"* %b%b\r\n" % (text, announced)
    left = memoryview(stream)

    class Own(Client):
        def readline(self) -> bytes:
            nonlocal left
            end = bytes(left).find(b"\n") + 1
            line, left = bytes(left[:end]), left[end:]
            return line

        def read(self, size: int) -> bytes:
            nonlocal left
            assert size <= len(left)
            data, left = bytes(left[:size]), left[size:]
            return data

    client: Any = Own()
    client.hooks.reads_lines = True
    received = b""
    turn = 0
    while left:
        piece = client.hooks.read_some(client, sizes[turn % len(sizes)])
        assert piece
        received += piece
        turn += 1
    assert received == stream


def test_what_was_inflated_already_is_there() -> None:
    client: Any = Client(sock=Sock())
    assert not client.hooks.has_buffered(client)
    client.decompressor = type("Decompressor", (), {"unconsumed_tail": b"x"})
    assert client.hooks.has_buffered(client)


def test_what_the_transport_has_is_there() -> None:
    client: Any = Client(sock=Sock())
    transport(client)
    assert not client.hooks.has_buffered(client)
    client.carrier.has_more = True
    assert client.hooks.has_buffered(client)


@pytest.mark.parametrize("pending", [0, 5])
def test_what_tls_has_decrypted_is_there(pending: int) -> None:
    client: Any = Client(sock=Sock())
    client.sock.pending = lambda: pending
    assert client.hooks.has_buffered(client) == bool(pending)


# Sending


@pytest.mark.parametrize("portion", [1, 3, 1000])
def test_all_is_sent(portion: int) -> None:
    client = Client(Carrier(portion=portion))
    client.carrier.refusals = 2
    client.send(bytearray(b"0123456789"))
    assert client.carrier.sent == b"0123456789"


def test_why_nothing_can_be_sent_is_why_the_connection_has_ended() -> None:
    client = Client()
    client.carrier.failure = BrokenPipeError("gone")
    with pytest.raises(BrokenPipeError):
        client.send(b"x")
    client.core.reason = abort("the server said BYE")
    with pytest.raises(abort, match="the server said BYE"):
        client.send(b"x")


# Time-outs


@pytest.mark.parametrize(("timeout", "expected"), [(None, None), (5.0, 5.0), (0.0, 60.0)])
def test_a_time_out_of_the_socket_is_that_of_answers(
    timeout: float | None, expected: float | None
) -> None:
    client: Any = Client(sock=Sock(timeout))
    client.core.timeout = 60.0
    client.hooks.adopt_timeout(client)
    assert client.core.timeout == expected
    assert client.sock.timeout == client.hooks.timeout(client) == timeout


@pytest.mark.parametrize(("timeout", "expected"), [(None, 60.0), (5.0, 5.0), (0.0, 60.0)])
def test_a_file_is_read_without_one(timeout: float | None, expected: float | None) -> None:
    client: Any = Client(sock=Sock(timeout))
    client.core.timeout, client.hooks.reads_lines = 60.0, True
    client.hooks.adopt_timeout(client)
    assert client.sock.timeout is None
    assert client.core.timeout == client.hooks.timeout(client) == expected


def test_what_has_no_time_out_has_that_of_the_connection() -> None:
    client: Any = Client(sock=object())
    client.core.timeout = 60.0
    client.hooks.adopt_timeout(client)
    assert client.hooks.timeout(client) == 60.0


# Who owns whom


def test_a_client_is_freed_at_once() -> None:
    client = own("read", "send")(sock=Sock())
    hooked = transport(client)
    freed = weakref.ref(client)
    del client
    assert freed() is None
    hooked.close()
