"""Channel binding: of a socket, and the hash of a certificate, which is read as far as needed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._sasl import channel_binding
from imaplib2._sasl.channel_binding import Binding, bindings, server_end_point

# -- A writer of DER ------------------------------------------------------------------------------


def element(tag: int, *parts: bytes) -> bytes:
    """An element of DER (X.690, section 8.1)."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + content


def identifier(dotted: str) -> bytes:
    """An object identifier (X.690, section 8.19)."""
    first, second, *rest = map(int, dotted.split("."))
    digits = [first * 40 + second]
    for number in rest:
        groups = [number % 128]
        while number := number // 128:
            groups.append(128 + number % 128)
        digits += reversed(groups)
    return element(0x06, bytes(digits))


def certificate(*algorithm: bytes, contents: bytes = b"contents", end: bytes = b"") -> bytes:
    """What looks like a certificate whose signature is made by an *algorithm*."""
    signature = element(0x03, b"\0signature")
    return element(0x30, element(0x30, contents), element(0x30, *algorithm), signature) + end


NULL = element(0x05)
RSA, PSS, ECDSA, DSA = (
    "1.2.840.113549.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.4", "2.16.840.1.101.3.4.3",
)  # fmt: skip
SHA_2 = "2.16.840.1.101.3.4.2"
ALGORITHMS = {
    f"{RSA}.4": "sha256",
    f"{RSA}.5": "sha256",
    f"{RSA}.11": "sha256",
    f"{RSA}.12": "sha384",
    f"{RSA}.13": "sha512",
    f"{RSA}.14": "sha224",
    f"{ECDSA}.1": "sha256",
    f"{ECDSA}.3.1": "sha224",
    f"{ECDSA}.3.2": "sha256",
    f"{ECDSA}.3.3": "sha384",
    f"{ECDSA}.3.4": "sha512",
    "1.2.840.10040.4.3": "sha256",
    f"{DSA}.1": "sha224",
    f"{DSA}.2": "sha256",
}
PSS_HASHES = {
    "1.3.14.3.2.26": "sha256",
    f"{SHA_2}.1": "sha256",
    f"{SHA_2}.2": "sha384",
    f"{SHA_2}.3": "sha512",
    f"{SHA_2}.4": "sha224",
}


def test_all_that_is_known_is_tried() -> None:
    assert len(channel_binding._OF_SIGNATURE) == len(ALGORITHMS)
    assert len(channel_binding._OF_PSS) == len(PSS_HASHES)


@pytest.mark.parametrize(("algorithm", "name"), ALGORITHMS.items())
@pytest.mark.parametrize("size", [0, 127, 128, 3000])
def test_the_hash_is_that_of_the_signature(algorithm: str, name: str, size: int) -> None:
    made = certificate(identifier(algorithm), NULL, contents=bytes(size))
    assert server_end_point(made) == hashlib.new(name, made).digest()


@pytest.mark.parametrize(("algorithm", "name"), PSS_HASHES.items())
def test_that_of_pss_stands_in_its_parameters(algorithm: str, name: str) -> None:
    chosen = element(0xA0, element(0x30, identifier(algorithm), NULL))
    made = certificate(identifier(PSS), element(0x30, chosen, element(0xA2, b"\x02\x01\x20")))
    assert server_end_point(made) == hashlib.new(name, made).digest()


@pytest.mark.parametrize("parameters", [b"", element(0xA2, b"\x02\x01\x20")])
def test_by_default_pss_has_sha_1(parameters: bytes) -> None:
    made = certificate(identifier(PSS), element(0x30, parameters))
    assert server_end_point(made) == hashlib.sha256(made).digest()


@pytest.mark.parametrize(
    "made",
    [
        certificate(identifier("1.3.101.112")),  # Ed25519
        certificate(identifier(PSS)),
        certificate(identifier(PSS), element(0x30, element(0xA0, b""))),
        certificate(
            identifier(PSS), element(0x30, element(0xA0, element(0x30, identifier("1.2.3"))))
        ),
        certificate(),
        certificate(NULL),
        element(0x30),
        element(0x30, element(0x30)),
        element(0x04, b"x"),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80",
        b"\x30",
        b"",
    ],
)
def test_of_what_is_not_known_there_is_none(made: bytes) -> None:
    assert server_end_point(made) is None


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: certificate(b)))
def test_nothing_else_comes_of_what_is_no_certificate(data: bytes) -> None:
    found = server_end_point(data)
    assert found is None or len(found) in (28, 32, 48, 64)


@given(st.data())
def test_a_certificate_that_is_cut_is_none(data: st.DataObject) -> None:
    made = certificate(identifier(f"{RSA}.11"), NULL)
    cut = data.draw(st.integers(0, len(made) - 1))
    assert server_end_point(made[:cut]) is None


# -- Sockets --------------------------------------------------------------------------------------


class Socket:
    """An SSLSocket as far as is looked at."""

    def __init__(self, version: str | None, unique: bytes | None, peer: bytes | None) -> None:
        self._version, self._unique, self._peer = version, unique, peer

    def version(self) -> str | None:
        return self._version

    def get_channel_binding(self, cb_type: str) -> bytes | None:
        assert cb_type == "tls-unique"
        return self._unique

    def getpeercert(self, binary_form: bool) -> bytes | None:
        assert binary_form
        return self._peer


SHOWN = certificate(identifier(f"{RSA}.11"), NULL)
UNIQUE = Binding("tls-unique", b"unique")
END_POINT = Binding("tls-server-end-point", hashlib.sha256(SHOWN).digest())


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("TLSv1.2", b"unique", SHOWN), [UNIQUE, END_POINT]),
        (("TLSv1.3", b"unique", SHOWN), [END_POINT]),
        (("TLSv1.2", b"unique", None), [UNIQUE]),
        (("TLSv1.2", None, SHOWN), [END_POINT]),
        (("TLSv1.3", b"unique", certificate()), []),
        ((None, None, None), []),
    ],
)
def test_what_a_socket_has(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[Any, ...], found: list[Binding]
) -> None:
    monkeypatch.setattr(channel_binding, "is_tls", lambda sock: True)
    assert bindings(Socket(*arguments)) == found


@pytest.mark.parametrize("sock", [None, object()])
def test_without_tls_there_is_none(sock: Any) -> None:
    assert bindings(sock) == []
