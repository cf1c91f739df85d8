"""NAMESPACE: made namespaces, written by others, are read back."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2.parse import Namespace, Namespaces, ParseError, namespace

from .corpus import CORPUS, data_of
from .writing import hostile, line, mailboxes, strings, texts, words

pytestmark = pytest.mark.pure

DELIMITERS = st.sampled_from([None, "/", ".", "\\", '"'])
KINDS = st.lists(st.tuples(texts, DELIMITERS, st.dictionaries(words, texts)), max_size=3)


@given(KINDS, KINDS, KINDS, st.data())
def test_what_is_written_is_read(
    personal: list[Any], others: list[Any], shared: list[Any], data: st.DataObject
) -> None:
    pieces: list[Any] = []
    for kind in (personal, others, shared):
        spaces: list[Any] = []
        for prefix, delimiter, extensions in kind:
            escaped = "NIL" if delimiter is None else f'"{chr(92)}{delimiter}"'
            if delimiter in ("/", "."):
                escaped = f'"{delimiter}"'
            space = [data.draw(mailboxes(prefix)), escaped.encode()]
            for name, value in extensions.items():
                space += [data.draw(strings(name)), [data.draw(strings(value))]]
            spaces.append(space)
        pieces.append(spaces or b"NIL")
    found = namespace(line(*pieces))
    for kind, read in zip((personal, others, shared), found, strict=False):
        assert [(one.prefix, one.delimiter) for one in read] == [
            (prefix, delimiter) for prefix, delimiter, _ in kind
        ]
        assert [dict(one.extensions) for one in read] == [
            {name.upper(): [value.encode()] for name, value in extensions.items()}
            for _, _, extensions in kind
        ]
    assert pickle.loads(pickle.dumps(found)) == found


ROOT = Namespace("", b"", "/")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"NIL NIL NIL", Namespaces()),
        (b'(("" "/")) NIL NIL', Namespaces((ROOT,))),
        # The examples of RFC 2342.
        (
            b'(("" "/")("#mh/" "/" "X-PARAM" ("FLAG1" "FLAG2"))) NIL NIL',
            Namespaces(
                (
                    ROOT,
                    Namespace("#mh/", b"#mh/", "/", (("X-PARAM", [b"FLAG1", b"FLAG2"]),)),
                )
            ),
        ),
        (
            b'(("" "/")) (("~" "/")) (("#shared/" "/") ("#public/" "/"))',
            Namespaces(
                (ROOT,),
                (Namespace("~", b"~", "/"),),
                (Namespace("#shared/", b"#shared/", "/"), Namespace("#public/", b"#public/", "/")),
            ),
        ),
        # Fewer kinds; NIL for strings; names that aren't ASCII.
        (b'(("" "/"))', Namespaces((ROOT,))),
        (b"((NIL NIL))", Namespaces((Namespace("", b"", None),))),
        (b'NIL (("&APw-/" "/"))', Namespaces((), (Namespace("\xfc/", b"&APw-/", "/"),))),
        # A delimiter that isn't escaped (Domino).
        (b'(("" "\\")) NIL NIL', Namespaces((Namespace("", b"", "\\"),))),
    ],
)
def test_namespaces(data: bytes, expected: Namespaces) -> None:
    assert namespace(("OK", [data])) == expected


def test_without_a_response_there_are_none() -> None:
    assert (
        namespace(data_of(CORPUS / "sohu/namespace-answered-by-capability.txt", "NAMESPACE"))
        == Namespaces()
    )


def test_several_responses_are_one() -> None:
    data = [b'(("" "/")) NIL NIL', b'NIL NIL (("#a" "."))']
    assert namespace(data) == Namespaces((ROOT,), (), (Namespace("#a", b"#a", "."),))


def test_names_are_in_utf8_where_that_is_on() -> None:
    found = namespace(['NIL (("&APw-ü/" "/"))'.encode()], utf8=True)
    assert found.other_users[0].prefix == "&APw-ü/"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"NIL NIL NIL NIL",
        b'(("a"))',
        b"(a)",
        b'((("a") "/"))',
        b'(("a" ("/")))',
        b'(("" "/" x))',
        b"(" * 60,
    ],
)
def test_what_cannot_be_read_is_quoted(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^namespace: NAMESPACE can't be read: b'"):
        namespace([data])
    assert namespace([data], lenient=True) == Namespaces(unread=(data,))


@given(hostile)
def test_whatever_comes_is_read_or_refused(data: list[Any]) -> None:
    with suppress(ParseError):
        namespace(data)
    namespace(data, lenient=True)
