"""What a server must not make known by giving it back: passwords and SASL responses."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterable

from .arguments import Literal, Part, Secret, bytes_of
from .framing import Frame, first_line
from .grammar import STATUS_RESPONSE, end_of_response_code

#: Stands where a secret was.
HIDDEN = b"[secret]"
#: Bytes: what is shorter is a word of the server's texts, or might be.
_SHORTEST = 3
#: What stands between the fields of SASL's messages (RFC 4616, section 2; RFC 7628, section 3.1).
_BETWEEN_FIELDS = re.compile(rb"[\0\1\s,=]+")
_ESCAPE = re.compile(rb'\\(["\\])')


def secrets_in(parts: Iterable[Part]) -> set[bytes]:
    """All forms in which the secrets among a command's *parts* may come back."""
    found: set[bytes] = set()
    for part in parts:
        if isinstance(part, Secret):
            inner = part.part
            text = bytes(inner.data) if isinstance(inner, Literal) else bytes_of(inner)
            found |= forms_of(text)
            for word in text.split():  # arguments that were written out as one
                found |= forms_of(word)
    return found


def forms_of(secret: bytes) -> set[bytes]:
    """*secret*, as it was sent and as what it stands for."""
    plain = _ESCAPE.sub(rb"\1", secret[1:-1]) if secret[:1] == b'"' else secret
    forms = {secret, secret.strip(b'"'), plain, b2a_base64(plain, newline=False)}
    try:
        message = a2b_base64(plain)
    except Error:
        message = b""
    forms |= {message, *_BETWEEN_FIELDS.split(message)}
    forms |= {form.rstrip(b"=") for form in forms}
    return {form for form in forms if len(form) >= _SHORTEST}


def hide(frame: Frame, secrets: set[bytes]) -> Frame:
    """*frame* with none of the *secrets* in its human-readable text, if it has any."""
    first = first_line(frame)
    status = STATUS_RESPONSE.match(first)
    if status is None and first.startswith((b"* ", b"+")):
        return frame
    if status is None:
        return _hidden(first, secrets)  # garbage; what it says will be told
    start = max(status.end(), end_of_response_code(first, status.end()))
    shown = first[:start] + _hidden(first[start:], secrets)
    if isinstance(frame, bytes):
        return shown
    return [shown, *(_hidden(piece, secrets) for piece in frame[1:])]


def _hidden(text: bytes, secrets: set[bytes]) -> bytes:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
