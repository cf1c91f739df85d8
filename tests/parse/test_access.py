"""QUOTA and access control lists."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2.parse import (
    Acl,
    AclEntry,
    ListRights,
    MyRights,
    ParseError,
    Quota,
    QuotaResource,
    QuotaRoot,
    acl,
    list_rights,
    my_rights,
    quota,
    quota_root,
)

from .writing import hostile, line, mailboxes, names, numbers, strings, texts, words

FUNCTIONS: list[tuple[Callable[..., Any], str]] = [
    (quota, "QUOTA"),
    (quota_root, "QUOTAROOT"),
    (acl, "ACL"),
    (my_rights, "MYRIGHTS"),
    (list_rights, "LISTRIGHTS"),
]

STORAGE = QuotaResource("STORAGE", 10, 512)
ROOT = QuotaRoot("INBOX", ("User quota", ""))


# -- QUOTA -----------------------------------------------------------------------------------------


def test_a_quota_has_resources() -> None:
    [found] = quota([b'"User quota" (STORAGE 10 512 MESSAGE 3 1000)'])
    assert found == Quota("User quota", (STORAGE, QuotaResource("MESSAGE", 3, 1000)))
    assert found.storage == found.resource("storage") == STORAGE
    assert found.message is not None
    assert found.message.limit == 1000
    assert found.resource("MAILBOX") is None
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("name", "unit"), [("STORAGE", 1024), ("ANNOTATION-STORAGE", 1024), ("MESSAGE", 1), ("X", 1)]
)
def test_a_resource_tells_its_unit(name: str, unit: int) -> None:
    assert QuotaResource(name, 1, 2).unit == unit


def test_nothing_is_left_of_what_is_exceeded() -> None:
    assert QuotaResource("STORAGE", 11, 10).free == 0
    assert STORAGE.free == 502


@pytest.mark.parametrize(
    ("data", "resources"),
    [
        # No resource is limited.
        (b'""', ()),
        (b'"" ()', ()),
        (b'"" NIL', ()),
        # With and without the list.
        (b'"" STORAGE 10 512', (STORAGE,)),
        (b'"" (storage 10 512', (STORAGE,)),
        (b'"" (STORAGE 10 512) (MESSAGE 1 2)', (STORAGE, QuotaResource("MESSAGE", 1, 2))),
        (b'"" (STORAGE 1e+01 512)', (STORAGE,)),
        (b'"" (STORAGE 0 -1)', (QuotaResource("STORAGE", 0, -1),)),
    ],
)
def test_odd_quotas_are_read(data: bytes, resources: tuple[QuotaResource, ...]) -> None:
    assert quota([data]) == [Quota("", resources)]


@pytest.mark.parametrize(
    "data", [b"", b"(STORAGE 1 2)", b'"" (STORAGE 1)', b'"" (STORAGE x 2)', b'"" (STORAGE () 2)']
)
def test_what_is_no_quota_is_quoted(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^quota: QUOTA can't be read: ") as caught:
        quota([data])
    assert caught.value.data == data
    assert quota([data, b'"" ()'], lenient=True) == [data, Quota("", ())]


ANSWER = [[b'INBOX "User quota" ""'], [b'"User quota" (STORAGE 10 512)', b"other (STORAGE 1 2)"]]


@pytest.mark.parametrize(
    "answer",
    [
        ("OK", ANSWER),
        ANSWER,
        (("OK", ANSWER), "cb_arg", None),
        [("QUOTAROOT", ANSWER[0]), ("EXISTS", [b"3"]), ("QUOTA", ANSWER[1])],
        [["QUOTAROOT", ANSWER[0]], ["QUOTA", ANSWER[1]]],
        iter([("QUOTA", ANSWER[1]), ("QUOTAROOT", ANSWER[0])]),
    ],
)
def test_a_quota_root_comes_with_its_quotas(answer: Any) -> None:
    assert quota_root(answer) == [ROOT._replace(quotas=(Quota("User quota", (STORAGE,)),))]


def test_the_quotas_of_an_answer_to_getquotaroot_are_read() -> None:
    assert [one.root for one in quota(("OK", ANSWER))] == ["User quota", "other"]


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER[0],
        ("QUOTAROOT", ANSWER[0]),
        ("OK", ANSWER[0]),
        ("OK", [*ANSWER[:1], [None]]),
        [*ANSWER[:1], []],
    ],
)
def test_a_quota_root_may_come_without_quotas(answer: Any) -> None:
    assert quota_root(answer) == [ROOT]


@pytest.mark.parametrize("data", [None, [], [None], [[None], [None]], ()])
def test_there_may_be_none(data: Any) -> None:
    assert quota_root(("OK", data)) == []
    assert quota(("OK", data)) == []


def test_a_mailbox_may_have_no_root_and_an_odd_name() -> None:
    assert quota_root([b"Entw&APw-rfe"]) == [QuotaRoot("Entw\xfcrfe", ())]
    assert quota_root([b"R&D x"]) == [QuotaRoot("R&D", ("x",))]
    assert quota_root([b"NIL NIL"]) == [QuotaRoot("NIL", ("NIL",))]


def test_a_quota_that_cannot_be_read_is_left_out_beside_its_root() -> None:
    answer = "OK", [[b"INBOX x y", b"((", b"Sent x"], [b"x (STORAGE 1)", b"y (STORAGE 1 2)"]]
    with pytest.raises(ParseError, match=r"^quota_root: QUOTAROOT can't be read"):
        quota_root(answer)
    y = Quota("y", (QuotaResource("STORAGE", 1, 2),))
    assert quota_root(answer, lenient=True) == [
        QuotaRoot("INBOX", ("x", "y"), (y,)),
        b"((",
        QuotaRoot("Sent", ("x",)),
    ]


@pytest.mark.parametrize("answer", [3, "text", b"bytes", ("OK", 3), (1, 2), (1, 2, None), [3]])
@pytest.mark.parametrize("function", [quota, quota_root, acl])
def test_what_is_no_answer_is_refused(function: Callable[..., Any], answer: Any) -> None:
    with pytest.raises(TypeError, match=f"^{function.__name__}: an answer of a command"):
        function(answer)


def test_a_refusal_is_told() -> None:
    with pytest.raises(ParseError, match=r"^quota_root: the command failed: NO b'none'"):
        quota_root(("NO", [[b"none"], [b"none"]]))
    with pytest.raises(ParseError, match=r"^quota: the command failed: error b'gone'"):
        quota((None, None, (IMAP4.abort, "gone")))


@given(st.data(), texts, st.lists(st.tuples(words, numbers, numbers), max_size=4))
def test_any_quota_is_read(
    data: st.DataObject, root: str, resources: list[tuple[str, int, int]]
) -> None:
    written = [
        piece
        for name, usage, limit in resources
        for piece in (data.draw(strings(name)), b"%d" % usage, b"%d" % limit)
    ]
    [found] = quota(("OK", line(data.draw(names(root)), written)))
    assert found == (root, tuple((name.upper(), *rest) for name, *rest in resources))


@given(st.data(), texts, st.lists(texts, max_size=4))
def test_any_quota_root_is_read(data: st.DataObject, mailbox: str, roots: list[str]) -> None:
    written = line(data.draw(mailboxes(mailbox)), *(data.draw(names(root)) for root in roots))
    assert quota_root(("OK", written)) == [QuotaRoot(mailbox, tuple(roots))]


# -- Rights ----------------------------------------------------------------------------------------


def test_an_access_control_list_has_entries() -> None:
    [found] = acl([b'"INBOX" "owner" "lrswi" -"anne" r "-bob" "" joe ""'])
    assert found.mailbox == "INBOX"
    assert found.entries[0] == AclEntry("owner", frozenset("lrswi"))
    assert found.rights == {"owner": frozenset("lrswi"), "joe": frozenset()}
    assert found.negative["bob"] == frozenset()
    assert pickle.loads(pickle.dumps(found)) == found


def test_entries_of_one_identifier_are_joined() -> None:
    [found] = acl([b"INBOX joe l joe r -joe w"])
    assert found.rights == {"joe": frozenset("lr")}
    assert found.negative == {"joe": frozenset("w")}


@pytest.mark.parametrize(
    ("function", "data", "expected"),
    [
        (acl, b"INBOX", Acl("INBOX", ())),
        (my_rights, b'INBOX ""', MyRights("INBOX", frozenset())),
        (my_rights, b"INBOX NIL", MyRights("INBOX", frozenset())),
        (my_rights, b"INBOX lr ", MyRights("INBOX", frozenset("lr"))),
        (list_rights, b'INBOX joe ""', ListRights("INBOX", "joe", frozenset())),
    ],
)
def test_few_rights_are_read(function: Callable[..., Any], data: bytes, expected: Any) -> None:
    assert function([data]) == [expected]


@pytest.mark.parametrize(
    ("function", "data"),
    [
        (acl, b""),
        (acl, b"INBOX joe"),
        (acl, b"INBOX joe (l)"),
        (acl, b"(INBOX) joe l"),
        (my_rights, b""),
        (my_rights, b"INBOX l r"),
        (list_rights, b"INBOX joe"),
        (list_rights, b"INBOX joe l (r)"),
        (quota_root, b""),
    ],
)
def test_what_cannot_be_read_is_quoted(function: Callable[..., Any], data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        function([data])
    assert (caught.value.function, caught.value.data) == (function.__name__, data)
    assert function([data], lenient=True) == [data]


def test_response_codes_of_that_name_are_passed_over() -> None:
    """Courier: ``* OK [MYRIGHTS "acdilrsw"] ACL``."""
    answer = [("MYRIGHTS", [b'"acdilrsw"', b"INBOX lr"])]
    assert my_rights(answer) == [MyRights("INBOX", frozenset("lr"))]


rights = st.frozensets(st.sampled_from("lrswipkxtecdan0"))


@given(st.data(), texts, st.lists(st.tuples(texts, st.booleans(), rights), max_size=4))
def test_any_access_control_list_is_read(
    data: st.DataObject, mailbox: str, entries: list[tuple[str, bool, frozenset[str]]]
) -> None:
    identifiers = [who.lstrip("-") for who, _, _ in entries]
    written = [data.draw(mailboxes(mailbox))]
    for who, (_, is_negative, some) in zip(identifiers, entries, strict=True):
        written += [
            data.draw(names("-" * is_negative + who)),
            data.draw(strings("".join(some))),
        ]
    [found] = acl(("OK", line(*written)))
    assert found.mailbox == mailbox
    assert found.entries == tuple(
        (who, some, is_negative)
        for who, (_, is_negative, some) in zip(identifiers, entries, strict=True)
    )


@given(st.data(), texts, texts, rights, st.lists(rights, max_size=3))
def test_any_rights_are_read(
    data: st.DataObject,
    mailbox: str,
    who: str,
    required: frozenset[str],
    optional: list[frozenset[str]],
) -> None:
    name, mine = data.draw(mailboxes(mailbox)), data.draw(strings("".join(required)))
    assert my_rights([("MYRIGHTS", line(name, mine))]) == [MyRights(mailbox, required)]
    others = [data.draw(strings("".join(some))) for some in optional]
    written = line(name, data.draw(names(who)), mine, *others)
    assert list_rights(("LISTRIGHTS", written)) == [
        ListRights(mailbox, who, required, tuple(optional))
    ]


@pytest.mark.parametrize(
    ("function", "words"),
    [(quota_root, b""), (acl, b""), (my_rights, b"lr"), (list_rights, b"a l")],
)
def test_names_of_mailboxes_are_decoded(function: Callable[..., Any], words: bytes) -> None:
    assert function([b"inbox " + words])[0].mailbox == "INBOX"
    assert function([b"Entw&APw-rfe " + words])[0].mailbox == "Entw\xfcrfe"
    assert function([b"Entw&APw-rfe " + words], utf8=True)[0].mailbox == "Entw&APw-rfe"


@given(hostile)
@pytest.mark.parametrize(("function", "name"), FUNCTIONS)
def test_whatever_comes_is_read_or_quoted(
    function: Callable[..., Any], name: str, data: list[Any]
) -> None:
    found = function((name, data), lenient=True)
    try:
        assert function((name, data)) == found
    except ParseError:
        assert isinstance(found[0], bytes)


@pytest.mark.parametrize(("function", "name"), FUNCTIONS)
def test_deep_lists_are_refused(function: Callable[..., Any], name: str) -> None:
    with pytest.raises(ParseError):
        function((name, [b"x " + b"(" * 100_000]))
