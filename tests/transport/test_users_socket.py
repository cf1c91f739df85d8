"""A plain socket in its users' hands; `test_hands` has what serves them."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from imaplib2._errors import error
from imaplib2._transport import users_socket
from imaplib2._transport.hands import hands_of
from imaplib2._transport.users_socket import UsersSocket, hand_over

from .helpers import FakeHands


def test_it_is_the_socket_itself_whose_class_was_changed(pair: Any, hands: FakeHands) -> None:
    ours, _ = pair
    before = ours.fileno()
    hand_over(ours, hands)
    assert (type(ours), ours.fileno()) == (UsersSocket, before)
    assert hands_of(ours) is hands
    another = FakeHands()
    hand_over(ours, another)
    assert hands_of(ours) is another


def test_a_socket_whose_class_can_not_be_changed_stays_in_its_own_hands(
    monkeypatch: pytest.MonkeyPatch, hands: FakeHands
) -> None:
    class Slotted(socket.socket):
        __slots__ = ("more",)

    monkeypatch.setattr(users_socket, "_PLAIN", Slotted)
    with Slotted() as sock:
        hand_over(sock, hands)
        assert type(sock) is Slotted
        assert hands_of(sock) is None


def test_a_socket_of_another_kind_that_asks_its_hands_is_put_into_them(hands: FakeHands) -> None:
    class Encrypted(socket.socket):
        def receive_some(self) -> None:
            """As the sockets of `tls_socket` have it."""

    with Encrypted() as sock:
        hand_over(sock, hands)
        assert type(sock) is Encrypted
        assert hands_of(sock) is hands


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("recvfrom", (1,)),
        ("recvfrom_into", (bytearray(1),)),
        ("recvmsg", (1,)),
        ("recvmsg_into", ([bytearray(1)],)),
        ("sendmsg", ([b"x"],)),
        ("sendto", (b"x", "nowhere")),
        ("sendfile", (None,)),
    ],
)
def test_what_can_not_be_served_is_refused(
    pair: Any, hands: FakeHands, name: str, arguments: tuple[Any, ...]
) -> None:
    ours, theirs = pair
    if not hasattr(ours, name):
        pytest.skip("not on this system")
    hand_over(ours, hands)
    theirs.send(b"x")
    with pytest.raises(error, match=rf"^{name}\(\): .*which serves recv\(\)"):
        getattr(ours, name)(*arguments)
    hands.serves = False
    if name.startswith("recv"):
        assert getattr(ours, name)(*arguments)


def test_a_look_that_does_not_wait_has_no_patience(pair: Any, hands: FakeHands) -> None:
    def receive(size: int, timeout: float | None) -> bytes:
        asked.append(timeout)
        return b"x"

    asked: list[float | None] = []
    ours, _ = pair
    hand_over(ours, hands)
    hands.receive = receive  # type: ignore[method-assign]
    flag = getattr(users_socket.socket, "MSG_DONTWAIT", 0)
    for timeout in (None, 7.0):
        ours.settimeout(timeout)
        ours.recv(1)
        ours.recv_into(bytearray(1))
        ours.recv(1, flag)
        assert asked == [timeout, timeout, 0 if flag else timeout]
        asked.clear()


@pytest.mark.parametrize("timeout", [0.0, 0.001])
def test_a_thread_of_the_connection_waits_out_a_user_s_time_out(
    monkeypatch: pytest.MonkeyPatch, pair: Any, hands: FakeHands, timeout: float
) -> None:
    def wait_for(sock: Any, *, reading: bool) -> bool:
        assert (sock, reading) == (ours, True)
        theirs.send(b"late")
        return True

    ours, theirs = pair
    monkeypatch.setattr(users_socket, "wait_for", wait_for)
    hand_over(ours, hands)
    hands.serves, hands.ours = False, True
    ours.settimeout(timeout)
    assert ours.recv(10) == b"late"
    buffer = bytearray(10)
    assert ours.recv_into(buffer) == 4
    hands.ours = False
    with pytest.raises((BlockingIOError, TimeoutError)):
        ours.recv(10)


def test_the_connection_s_own_time_out_is_no_reason_to_wait(pair: Any, hands: FakeHands) -> None:
    """A peer that acknowledges nothing is gone, for every thread."""

    def receive() -> bytes:
        raise TimeoutError(errno.ETIMEDOUT, "gone")

    ours, _ = pair
    hand_over(ours, hands)
    hands.ours = True
    with pytest.raises(TimeoutError, match="gone"):
        users_socket._receive_patiently(ours, receive)
