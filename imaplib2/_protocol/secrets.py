"""What a server must not make known by giving it back: passwords and SASL exchanges."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterable

from .framing import Frame, first_line
from .grammar import STATUS_RESPONSE, end_of_response_code
from .parts import Literal, Part, Secret, bytes_of
from .patterns import pattern

#: Stands where a secret was.
HIDDEN = b"[secret]"
#: Bytes: what is shorter is a word of the server's texts, or might be.
_SHORTEST = 3
#: Bytes that are remembered of a secret; all that follows on so many is hidden with them.
_LONGEST = 1000
#: How many forms of one login's secrets are remembered, and how many challenges.
_FORMS = 100
_CHALLENGES = 8
#: Bytes of a text for people, and pieces of one with literals, that are shown while logging in.
_TEXT_SIZE = 64 * 1024
_PIECES = 100
#: Bytes of a login sent by hand that are looked at.
_SENT_SIZE = 64 * 1024

_ARGUMENT = pattern(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[^\s"]+', re.DOTALL)
_ANNOUNCEMENT = pattern(rb"\{([0-9]{1,9})\+?\}\r\n")
_ESCAPE = pattern(rb'\\(["\\])')
_CODE_NAME = pattern(rb"\[[A-Za-z0-9-]+(?=[ \]])")
# Fields of SASL's messages that tell no secret (RFC 7628, section 3.1): "user=me", "n,a=me,".
_PUBLIC = (b"user", b"n,a", b"y,a", b"host", b"port")
# SCRAM's proof (RFC 5802, section 7); the digests of CRAM-MD5 and DIGEST-MD5.
_SHORTEST_DIGEST = 32
_PROOF = pattern(rb",p=([^,]+)\Z|(?<![0-9a-f])([0-9a-f]{32,128})(?![0-9a-f])")


class Secrets:
    """The secrets of a connection's last logins, in all forms in which they may come back.

    Of two logins: what came in between may still be on its way to the trace. All of it is bounded,
    since a server decides how long an exchange takes and what it says. Names are no secrets, nor
    are the other public fields of SASL's messages: texts are to remain readable.
    """

    def __init__(self) -> None:
        # In lower case, and the length of the longest; replaced as a whole, since `head` is also
        # called without the connection's lock.
        self._needles: tuple[tuple[bytes, ...], int] = ((), 0)
        self._before: dict[bytes, None] = {}
        self._own: dict[bytes, None] = {}
        self._challenges: list[set[bytes]] = []
        self._asks_name = False
        self._sent = b""

    # -- Learning -----------------------------------------------------------------------------

    def begin(self, parts: Iterable[Part]) -> None:
        """A login begins, by a command that has these *parts*."""
        self._before, self._own = self._own, {}
        self._challenges.clear()
        self._asks_name = False
        self._sent = b""
        for argument in _arguments_of(parts)[2:]:
            self._learn(_forms_of(argument))
        self._update()

    def add_sent(self, data: bytes) -> None:
        """*data* of the login were sent by hand: its line, or parts of it."""
        self._sent = (self._sent + data)[:_SENT_SIZE]
        # What was learnt of an unfinished argument is a word, perhaps.
        self._own = {}
        for argument in _arguments_in(self._sent)[3:]:
            self._learn(_forms_of(argument))
        self._update()

    def add_challenge(self, text: bytes) -> None:
        """The server has sent a challenge, in base64."""
        message = _decoded(text)
        self._challenges.append(_beginnings({text, text.rstrip(b"="), message}))
        del self._challenges[:-_CHALLENGES]
        # The prompt of LOGIN: "User Name".
        self._asks_name = message[:4].lower() == b"user"
        self._update()

    def add_response(self, response: bytes) -> None:
        """The client's answer, in base64."""
        whole = {response, response.rstrip(b"=")}
        self._learn(whole if self._asks_name else _forms_of(response))
        self._update()

    def _learn(self, forms: set[bytes]) -> None:
        self._own.update(dict.fromkeys(_beginnings(forms)))
        while len(self._own) > _FORMS:
            del self._own[next(iter(self._own))]

    def _update(self) -> None:
        needles = {*self._before, *self._own}.union(*self._challenges)
        self._needles = tuple(needles), max(map(len, needles), default=0)

    # -- Hiding -------------------------------------------------------------------------------

    def head(self, text: bytes, size: int) -> bytes:
        """The first *size* bytes of *text*, without the secrets that begin there, in any case."""
        needles, longest = self._needles
        if not needles:
            return text[:size]
        lower = text[: size + longest].lower()
        spans = []
        for needle in needles:
            at = lower.find(needle)
            while 0 <= at < size:
                end = at + len(needle) if len(needle) < _LONGEST else len(text)
                spans.append((at, end))
                at = lower.find(needle, end)
        return _without(text, size, sorted(spans)) if spans else text[:size]

    def hidden(self, text: bytes) -> bytes:
        """*text* for people without secrets; cut, should it be longer than any such text is."""
        if len(text) <= _TEXT_SIZE or not self._needles[0]:
            return self.head(text, len(text))
        return self.head(text, _TEXT_SIZE) + HIDDEN

    def hidden_with_code(self, text: bytes) -> bytes:
        """The same for a text that may begin with a response code, whose name is no secret."""
        code = _CODE_NAME.match(text)
        if code is None or code[0][1:].lower() in self._needles[0]:
            return self.hidden(text)
        return code[0] + self.hidden(text[code.end() :])

    def hide(self, frame: Frame) -> Frame:
        """*frame* without secrets in its human-readable text, if it has any.

        Response codes stay, as they are data.
        """
        first = first_line(frame)
        status = STATUS_RESPONSE.match(first)
        if status is None and first.startswith((b"* ", b"+")):
            return frame
        if status is None:
            # Garbage; what it says will be told.
            return self.hidden(first)
        start = max(status.end(), end_of_response_code(first, status.end()))
        shown = first[:start] + self.hidden(first[start:])
        if isinstance(frame, bytes):
            return shown
        pieces = [shown, *map(self.hidden, frame[1:_PIECES])]
        return pieces + [HIDDEN] * (len(frame) - len(pieces))


def _without(text: bytes, size: int, spans: list[tuple[int, int]]) -> bytes:
    """The first *size* bytes of *text* without the *spans*, which are in order, and may overlap."""
    shown: list[bytes] = []
    position = 0
    for start, end in spans:
        if start > position or not shown:
            shown += [text[position:start], HIDDEN]
        position = max(position, end)
    return b"".join([*shown, text[position:size]])


def _beginnings(forms: set[bytes]) -> set[bytes]:
    return {form[:_LONGEST].lower() for form in forms if len(form) >= _SHORTEST}


def _forms_of(secret: bytes) -> set[bytes]:
    """*secret*, as it was sent and as what it stands for."""
    plain = secret[1:-1] if secret[:1] == b'"' else secret
    if plain is not secret and b"\\" in plain:
        plain = _ESCAPE.sub(rb"\1", plain)
    message = _decoded(plain)
    forms = {secret, secret.strip(b'"'), plain, b2a_base64(plain, newline=False), message}
    forms |= _secret_fields(message)
    return forms | {form.rstrip(b"=") for form in forms}


def _secret_fields(message: bytes) -> set[bytes]:
    """The fields of a client's SASL message that nobody else may know."""
    if b"\1" in message:
        fields = [field.partition(b"=") for field in message.split(b"\1")]
        # Of "Bearer token", the token.
        return {value.rpartition(b" ")[2] for key, _, value in fields if key not in _PUBLIC}
    # Identity, name, password (RFC 4616, section 2).
    if b"\0" in message:
        return {message.rpartition(b"\0")[2]}
    # As nearly always, it is too short for either.
    if len(message) < _SHORTEST_DIGEST and b",p=" not in message:
        return set()
    return {found[1] or found[2] for found in _PROOF.finditer(message)}


def _decoded(text: bytes) -> bytes:
    try:
        return a2b_base64(text)
    except Error:
        return b""


def _arguments_of(parts: Iterable[Part]) -> list[bytes]:
    """The arguments of a command, its name first."""
    found: list[bytes] = []
    for part in parts:
        inner = part.part if isinstance(part, Secret) else part
        if isinstance(inner, Literal):
            found.append(inner.data)
        elif isinstance(part, Secret) and len(found) > 1:
            found.append(bytes_of(part))
        # Perhaps several of them, which a user has written as one.
        else:
            found += _ARGUMENT.findall(bytes_of(part))
    return found[:_FORMS]


def _arguments_in(line: bytes) -> list[bytes]:
    """The same of a command as it was sent, its tag first."""
    found: list[bytes] = []
    position = 0
    while len(found) < _FORMS and (argument := _ARGUMENT.search(line, position)) is not None:
        position = argument.end()
        literal = _ANNOUNCEMENT.match(line, argument.start())
        if literal is None:
            found.append(argument[0])
        else:
            position = literal.end() + int(literal[1])
            found.append(line[literal.end() : position])
    return found
