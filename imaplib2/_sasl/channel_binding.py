"""Channel binding: what names the TLS connection that a login is made on (RFC 5056, RFC 5929).

Of the types that there are, Python's ``ssl`` gives what *tls-unique* and *tls-server-end-point*
need, and not what *tls-exporter* needs (RFC 9266).
"""

from __future__ import annotations

from .._hints import Any, NamedTuple
from .._transport.tls_settings import is_tls

#: In TLS 1.3 there is no tls-unique (RFC 8446, appendix C.5).
_WITH_TLS_UNIQUE = frozenset({"TLSv1", "TLSv1.1", "TLSv1.2"})

#: By the object identifier of a signature's algorithm, the hash that tls-server-end-point takes:
#: that of the signature, but SHA-256 in the place of MD5 and SHA-1 (RFC 5929, section 4.1).
_OF_SIGNATURE = {
    "2a864886f70d010104": "sha256",  # RSA with MD5
    "2a864886f70d010105": "sha256",  # RSA with SHA-1
    "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a864886f70d01010e": "sha224",
    "2a8648ce3d0401": "sha256",  # ECDSA with SHA-1
    "2a8648ce3d040301": "sha224",
    "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
    "2a8648ce380403": "sha256",  # DSA with SHA-1
    "608648016503040301": "sha224",
    "608648016503040302": "sha256",
}
#: RSASSA-PSS names its hash in its parameters (RFC 4055, section 3.1).
_PSS = "2a864886f70d01010a"
_OF_PSS = {
    "2b0e03021a": "sha256",  # SHA-1
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
    "608648016503040204": "sha224",
}
_SEQUENCE, _OBJECT_IDENTIFIER, _FIRST_PARAMETER = 0x30, 0x06, 0xA0


class Binding(NamedTuple):
    """What both ends of a TLS connection know of it, and nobody who sits between two of them."""

    type: str
    data: bytes


def bindings(sock: Any) -> list[Binding]:
    """The channel bindings that *sock* has, the most specific first; none without TLS."""
    if not is_tls(sock):
        return []
    found: list[Binding] = []
    if sock.version() in _WITH_TLS_UNIQUE:
        data = sock.get_channel_binding("tls-unique")
        found += [Binding("tls-unique", data)] if data else []
    certificate = sock.getpeercert(binary_form=True)
    digest = server_end_point(certificate) if certificate else None
    return found + ([Binding("tls-server-end-point", digest)] if digest else [])


def server_end_point(certificate: bytes) -> bytes | None:
    """The hash of a server's *certificate*, in DER, as tls-server-end-point has it.

    None where the signature has no one hash that is known here: Ed25519, for instance.
    """
    try:
        name = _hash_of(certificate)
    except ValueError:
        return None
    if name is None:
        return None
    import hashlib

    return hashlib.new(name, certificate).digest()


def _hash_of(certificate: bytes) -> str | None:
    """Which hash that is; raises ValueError for what is no certificate (RFC 5280, section 4.1)."""
    inside, _ = _element(certificate, 0, _SEQUENCE)
    _, end_of_contents = _element(certificate, inside, _SEQUENCE)
    algorithm, end = _element(certificate, end_of_contents, _SEQUENCE)
    name, parameters = _object_identifier(certificate, algorithm)
    if name != _PSS:
        return _OF_SIGNATURE.get(name)
    inside, end = _element(certificate[:end], parameters, _SEQUENCE)
    if inside == end or certificate[inside] != _FIRST_PARAMETER:
        return "sha256"  # the default is SHA-1
    inside, _ = _element(certificate, inside, _FIRST_PARAMETER)
    inside, _ = _element(certificate, inside, _SEQUENCE)
    return _OF_PSS.get(_object_identifier(certificate, inside)[0])


def _object_identifier(data: bytes, start: int) -> tuple[str, int]:
    """An object identifier, in hexadecimal digits, and where what follows it begins."""
    inside, end = _element(data, start, _OBJECT_IDENTIFIER)
    return data[inside:end].hex(), end


def _element(data: bytes, start: int, tag: int) -> tuple[int, int]:
    """Where the contents of an element of DER, which must have this *tag*, begin and end."""
    head = data[start : start + 2]
    if len(head) < 2 or head[0] != tag:
        raise ValueError("another element was expected")
    inside, length = start + 2, head[1]
    if length >= 0x80:
        size = length - 0x80
        length = int.from_bytes(data[inside : inside + size], "big")
        inside += size
    if inside + length > len(data):
        raise ValueError("the element is not whole")
    return inside, inside + length
