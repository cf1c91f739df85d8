"""Messages as a server may describe them, for properties: by none of the package's code."""

from __future__ import annotations

import re
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from .writing import Literal, Piece, words

Parameters = dict[str, str]
tokens = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).filter(lambda t: t != "nil")
#: Nothing that has to be decoded.
plain = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n=*"), max_size=10)
numbers = st.integers(0, 2**32)


class Made(NamedTuple):
    """What a part is, by the names of the attributes that tell it; and what it has in it."""

    facts: dict[str, Any]
    parts: tuple[Made, ...] = ()
    #: Of a message, the pieces of its envelope.
    envelope: Any = None


def _facts(kind: st.SearchStrategy[str], **others: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries(
        {
            "content_type": kind,
            "parameters": st.dictionaries(tokens, plain, max_size=2),
            "disposition": st.none() | tokens,
            "disposition_parameters": st.dictionaries(tokens, plain, max_size=2),
            "languages": st.lists(tokens, max_size=2).map(tuple),
            "location": st.none() | plain,
            "extension": st.just(()) | st.just((b"7", [b"8", None])),
            **others,
        }
    ).map(_without_disposition)


def _without_disposition(facts: dict[str, Any]) -> dict[str, Any]:
    if facts["disposition"] is None:
        facts["disposition_parameters"] = {}
    return facts


def _content(kind: st.SearchStrategy[str], lines: st.SearchStrategy[Any]) -> Any:
    return _facts(
        kind,
        content_id=st.none() | plain,
        description=st.none() | plain,
        encoding=tokens,
        size=numbers,
        lines=lines,
        md5=st.none() | st.text("abc+/123", min_size=24, max_size=24),
    )


texts = _content(words.map(lambda word: f"text/{word}"), numbers).map(Made)
basics = _content(st.builds("{}/{}".format, st.sampled_from(["image", "x"]), words), st.none()).map(
    Made
)
ENVELOPE = b'(NIL "Hello" NIL NIL NIL NIL NIL NIL NIL "<1@x>")'


def _multiparts(parts: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    facts = _facts(words.map(lambda word: f"multipart/{word}"))
    inner = st.lists(parts, min_size=1, max_size=4).map(tuple)
    return st.tuples(facts, inner).map(lambda made: Made(*made))


def _messages(parts: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    facts = _content(st.just("message/rfc822"), numbers)
    return st.tuples(facts, st.tuples(parts)).map(lambda made: Made(*made, ENVELOPE))


usual = st.recursive(texts | basics, _multiparts, max_leaves=5)
structures = st.recursive(texts | basics, lambda p: _multiparts(p) | _messages(p), max_leaves=5)


# -- On the wire -----------------------------------------------------------------------------------

Pieces = list[Piece]


class Writer:
    """How strings are written: as *random* chooses, or else in quotes."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random

    def string(self, value: str | None) -> Piece:
        if value is None:
            return b"NIL"
        content = value.encode()
        ways = [b'"%b"' % re.sub(rb'(["\\])', rb"\\\1", content), Literal(content)]
        # An atom of digits would be a number.
        if re.fullmatch(r"[a-zA-Z][a-zA-Z0-9.-]*", value) and value.upper() != "NIL":
            ways.append(content)
        return self._random.choice(ways) if self._random else ways[0]

    def case(self, word: str) -> Piece:
        """*word*, in either case."""
        return self.string(word if self._random and self._random.random() < 0.5 else word.upper())

    def list(self, items: Pieces) -> Pieces:
        spaced = [piece for item in items for piece in (b" ", item)]
        return [b"(", *spaced[1:], b")"] if items else [b"NIL"]

    def parameters(self, pairs: Parameters) -> Pieces:
        return self.list([p for n, v in pairs.items() for p in (self.case(n), self.string(v))])

    def part(self, made: Made) -> Pieces:
        """The pieces of a BODYSTRUCTURE."""
        facts = made.facts
        kind, _, subtype = facts["content_type"].partition("/")
        if kind == "multipart":
            parts = [piece for part in made.parts for piece in self.part(part)]
            found = [*parts, b" ", self.case(subtype), b" ", *self.parameters(facts["parameters"])]
            return [b"(", *found, *self.rest(facts), b")"]
        found = [self.case(kind), b" ", self.case(subtype), b" "]
        found += self.parameters(facts["parameters"])
        found += [b" ", self.string(facts["content_id"]), b" ", self.string(facts["description"])]
        found += [b" ", self.case(facts["encoding"]), b" %d" % facts["size"]]
        if made.envelope:
            found += [b" ", made.envelope, b" ", *self.part(made.parts[0])]
        if facts["lines"] is not None:
            found.append(b" %d" % facts["lines"])
        return [b"(", *found, b" ", self.string(facts["md5"]), *self.rest(facts), b")"]

    def rest(self, facts: dict[str, Any]) -> Pieces:
        """What is behind the MD5, or the parameters of a multipart."""
        disposition: Pieces = [b"NIL"]
        if facts["disposition"] is not None:
            parameters = self.parameters(facts["disposition_parameters"])
            disposition = [b"(", self.case(facts["disposition"]), b" ", *parameters, b")"]
        languages = self.list([self.string(tag) for tag in facts["languages"]])
        location = self.string(facts["location"])
        unknown = [b" 7 (8 NIL)"] if facts["extension"] else []
        return [b" ", *disposition, b" ", *languages, b" ", location, *unknown]


def line_of(pieces: Pieces) -> tuple[bytes, ...]:
    """*pieces* as texts and, between them, literals."""
    found = [b""]
    for piece in pieces:
        if isinstance(piece, Literal):
            found[-1] += b"{%d}" % len(piece)
            found += [bytes(piece), b""]
        else:
            found[-1] += piece
    return tuple(found)
