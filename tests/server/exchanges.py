"""Exchanges of SASL, as a script leads them."""

from __future__ import annotations

import base64

from ..sasl.scram_server import ScramServer
from .scripted import Command, Peer


def challenge(peer: Peer, text: bytes) -> bytes:
    """Send a challenge; the client's response, decoded, or ``*`` as it is."""
    peer.line(b"+ " + base64.b64encode(text))
    return decoded(peer.readline())


def initial(peer: Peer, command: Command) -> bytes:
    """The initial response of an AUTHENTICATE, which is asked for if it hasn't come with it."""
    words = command.words
    if len(words) > 1:
        return b"" if words[1] == b"=" else base64.b64decode(words[1], validate=True)
    return challenge(peer, b"")


def decoded(response: bytes) -> bytes:
    """A client's response without its base64; the cancelling one as it is."""
    return response if response == b"*" else base64.b64decode(response, validate=True)


def converse(peer: Peer, command: Command, scram: ScramServer) -> bool:
    """Lead an exchange to where the client has seen the final message; whether that is a signature.

    The client must have answered that with nothing.
    """
    final = scram.final(challenge(peer, scram.first(initial(peer, command))))
    assert challenge(peer, final) == b""
    return final.startswith(b"v=")
