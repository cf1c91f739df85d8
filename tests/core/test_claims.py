"""Untagged responses are told apart by the message or mailbox that they are about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.claims import Claim, Collectors, MailboxClaim, MessageClaim, uid_of
from imaplib2._protocol.events import Completed
from imaplib2._protocol.limits import Limits
from imaplib2._protocol.message_set import MessageSet
from imaplib2._protocol.responses import Data

from .helpers import PREAUTH, Driver


@pytest.mark.parametrize(
    ("data", "uid"),
    [
        (b"1 (UID 7 FLAGS ())", 7),
        (b"1 (UID 7)", 7),
        (b"1 (FLAGS (\\Seen) UID 7)", 7),
        (b"1 (flags () uid 7)", 7),
        (b"1 (FLAGS (\\Seen))", None),
        (b"1 (X (UID 7))", None),
        (b"1 (X (UID 7) UID 8)", 8),
        (b'1 (X "UID 7" UID 8)', 8),
        (b'1 (X "\\" (UID 7" UID 8)', 8),
        (b"1 (BODY[HEADER.FIELDS (UID)] NIL UID 8)", 8),
        (b"1 (X UID)", None),
        (b"1 (UID x)", None),
        (b"1 (UID %b)" % (b"9" * 5000), None),
        ([(b"1 (UID 7 BODY[] {5}", b"UID 9"), b")"], 7),
        ([(b"1 (BODY[] {5}", b"UID 9"), b" UID 7)"], 7),
        ([(b"1 (BODY[1] {5}", b"UID 9"), (b" BODY[2] {1}", b"("), b" UID 7)"], 7),
        ([(b"1 (BODY[] {5}", b"UID 9"), b")"], None),
        (b"", None),
        (b" FLAGS (\\Seen))", None),
    ],
)
def test_the_uid_is_read_wherever_it_stands_and_from_nowhere_else(
    data: Data, uid: int | None
) -> None:
    assert uid_of(data) == uid


@pytest.mark.parametrize(
    ("sequence", "inside", "outside"),
    [
        (b"1", [1], [2]),
        (b"2:4", [2, 3, 4], [1, 5]),
        (b"4:2", [2, 3, 4], [1, 5]),
        (b"1,3:4,9", [1, 3, 4, 9], [2, 5, 8, 10]),
        (b"559:*", [559, 2**32 - 1, 300], []),  # the highest one, even if it is below 559
        (b"*:559", [559, 2**32 - 1, 300], []),
        (b"*", [1, 2**32 - 1], []),
        (b"$", [1, 2**32 - 1], []),
        (b"1:4294967295", [1, 2**32 - 1], [2**32]),
    ],
)
def test_a_message_set_holds_what_a_response_may_be_about(
    sequence: bytes, inside: list[int], outside: list[int]
) -> None:
    parsed = MessageSet.parse(sequence)
    assert all(number in parsed for number in inside)
    assert not any(number in parsed for number in outside)


@given(st.binary(max_size=20))
def test_a_message_set_that_cannot_be_read_holds_everything(text: bytes) -> None:
    try:
        [[int(end) for end in part.split(b":")] for part in text.split(b",")]
    except ValueError:
        assert 5 in MessageSet.parse(text) or b"*" in text


numbers = st.integers(1, 12)
sequences = st.lists(
    st.one_of(
        numbers.map(str), st.tuples(numbers, numbers).map(lambda ends: f"{ends[0]}:{ends[1]}")
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: ",".join(parts).encode())


def conflict(one: Claim, other: Claim) -> bool:
    """Whether the data of one command might be taken for that of the other, in either order."""
    found = []
    for earlier, later in ((one, other), (other, one)):
        collectors: Collectors[str] = Collectors()
        collectors.add("earlier", earlier)
        found.append(collectors.conflicts(later))
    assert found[0] is found[1]
    return found[0]


@given(sequences, sequences, st.booleans())
def test_message_sets_conflict_when_a_message_is_in_both(
    one: bytes, other: bytes, by_uid: bool
) -> None:
    mine, others = MessageSet.parse(one), MessageSet.parse(other)
    shared = any(number in mine and number in others for number in range(1, 13))
    assert conflict(MessageClaim(one, by_uid), MessageClaim(other, by_uid)) is shared


def owns(claim: Claim, data: Data) -> bool:
    """Whether *data* is about what *claim* is about."""
    return claim.covers(claim.key_of(data))


@pytest.mark.parametrize("sequence", [b"$", b"5:*", b"*"])
def test_a_set_that_may_be_anything_conflicts_with_all(sequence: bytes) -> None:
    assert conflict(MessageClaim(sequence, False), MessageClaim(b"3", False))


def test_a_claim_by_number_goes_by_the_number() -> None:
    claim = MessageClaim(b"2:3", by_uid=False)
    assert owns(claim, b"2 (FLAGS ())")
    assert owns(claim, [(b"3 (BODY[] {1}", b"4"), b")"])
    assert not owns(claim, b"4 (UID 2)")
    assert not owns(claim, b" FLAGS (\\Seen))")
    assert not owns(claim, b"9" * 5000 + b" (FLAGS ())")


def test_a_claim_by_uid_goes_by_the_uid() -> None:
    claim = MessageClaim(b"2:3", by_uid=True)
    assert owns(claim, b"9 (UID 2)")
    assert owns(claim, [(b"9 (BODY[] {1}", b"4"), b" UID 3)"])
    assert not owns(claim, b"2 (UID 9)")
    assert not owns(claim, b"2 (FLAGS ())")


@pytest.mark.parametrize(
    ("mailbox", "data", "owned"),
    [
        (b"box", b"box (MESSAGES 1)", True),
        (b"box", b'"box" (MESSAGES 1)', True),
        (b'"box"', b"box (MESSAGES 1)", True),
        (b'"a b"', b'"a b" (MESSAGES 1)', True),
        (b'"a \\"b\\""', b'"a \\"b\\"" (MESSAGES 1)', True),
        (b'"a \\"b\\""', [(b"{5}", b'a "b"'), b" (MESSAGES 1)"], True),
        (b"inbox", b"INBOX (MESSAGES 1)", True),
        (b"box", b"BOX (MESSAGES 1)", True),  # as servers answer that don't mind the case
        (b"inbox.a", b'"INBOX.a" (MESSAGES 1)', True),
        (b"inbox.a", b'"INBOX.b" (MESSAGES 1)', False),
        (b"a/", b"a (MESSAGES 1)", True),
        (b"&AOQ-", b'"\xc3\xa4" (MESSAGES 1)', True),
        (b'"\xc3\xa4"', [(b"{5}", b"&AOQ-"), b" (MESSAGES 1)"], True),
        (b"&AOQ-", b"&APY- (MESSAGES 1)", False),
        (b"box", b"\xff (MESSAGES 1)", False),
        (b"box", [(b"box (X {3}", b"abc"), b")"], True),
        (b"box", [(b"~{3}", b"box"), b" (MESSAGES 1)"], True),
        (b"box", b"boxes (MESSAGES 1)", False),
        (b"box", [(b"{5}", b"boxes"), b" (MESSAGES 1)"], False),
        (b"box", b"", False),
    ],
)
def test_a_claim_of_a_mailbox_goes_by_its_name(mailbox: bytes, data: Data, owned: bool) -> None:
    assert owns(MailboxClaim(mailbox), data) is owned


CLAIMS: list[Claim] = [
    MessageClaim(b"1:5", by_uid=False),
    MessageClaim(b"1:5", by_uid=True),
    MailboxClaim(b"box"),
]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (MessageClaim(b"1:5", False), MessageClaim(b"5:9", False), True),
        (MessageClaim(b"1:5", False), MessageClaim(b"6:9", False), False),
        (MessageClaim(b"1:5", True), MessageClaim(b"6:9", True), False),
        (MessageClaim(b"1:5", True), MessageClaim(b"6:9", False), True),  # nobody knows
        (MailboxClaim(b"INBOX"), MailboxClaim(b"inbox"), True),
        (MailboxClaim(b'"box"'), MailboxClaim(b"box"), True),
        (MailboxClaim(b"box"), MailboxClaim(b"other"), False),
    ],
)
def test_claims_conflict_when_both_may_be_about_the_same(
    one: Claim, other: Claim, overlap: bool
) -> None:
    assert conflict(one, other) is overlap


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: type(claim).__name__)
@given(
    st.one_of(
        st.binary(max_size=30),
        st.tuples(st.binary(max_size=30), st.binary(max_size=9), st.binary(max_size=30)).map(
            lambda parts: [(parts[0], parts[1]), parts[2]]
        ),
    )
)
def test_a_claim_has_an_opinion_about_any_data(claim: Claim, data: Any) -> None:
    assert owns(claim, data) in (True, False)


def collectors(**claims: Claim | None) -> Collectors[str]:
    """Collectors of the members that are named, each with its claim."""
    found: Collectors[str] = Collectors()
    for member, claim in claims.items():
        assert not found.conflicts(claim)
        found.add(member, claim)
    return found


def test_data_goes_to_the_member_that_claims_it() -> None:
    found = collectors(
        one=MessageClaim(b"1", by_uid=False),
        some=MessageClaim(b"4:6,9", by_uid=False),
        two=MessageClaim(b"2", by_uid=False),
    )
    owners = [found.owner(b"%d (FLAGS ())" % number) for number in (1, 2, 4, 9)]
    assert owners == ["one", "two", "some", "some"]


def test_data_that_surely_nobody_asked_for_is_nobodys() -> None:
    found = collectors(one=MessageClaim(b"1", by_uid=False), two=MessageClaim(b"2", by_uid=False))
    assert found.owner(b"7 (FLAGS ())") is None
    assert found.owner(b"no number") == "one"
    found.remove("one")
    assert found.owner(b"1 (FLAGS ())") is None
    assert found.owner(b"2 (FLAGS ())") == "two"


def test_data_that_nobody_asked_for_goes_to_a_member_that_takes_all() -> None:
    found = collectors(one=MessageClaim(b"1", by_uid=False))
    found.add("raw", MessageClaim(b"2", by_uid=False), takes_all=True)
    assert [found.owner(b"%d (X)" % number) for number in (1, 2, 7)] == ["one", "raw", "raw"]
    found.remove("raw")
    assert found.owner(b"7 (X)") is None


@pytest.mark.parametrize(("by_uid", "owner"), [(False, "one"), (True, None)])
def test_once_messages_are_renumbered_no_number_tells(by_uid: bool, owner: str | None) -> None:
    found = collectors(one=MessageClaim(b"5", by_uid), two=MessageClaim(b"9", by_uid))
    found.renumber()
    assert found.owner(b"4 (UID 4)") == owner
    assert found.owner(b"9 (UID 9)") == "two"


def test_data_goes_to_the_only_member_whatever_it_is() -> None:
    assert collectors(lister=None).owner(b"() NIL box") == "lister"


@pytest.mark.parametrize("first", [None, MessageClaim(b"1:3", by_uid=False)])
def test_members_without_a_claim_share_with_nobody(first: Claim | None) -> None:
    found = collectors(first=first)
    assert found.conflicts(None)
    assert found.conflicts(MessageClaim(b"3", by_uid=False))


def test_a_member_that_is_gone_conflicts_no_more() -> None:
    found = collectors(
        one=MessageClaim(b"1", by_uid=False), some=MessageClaim(b"4:6", by_uid=False)
    )
    assert found.conflicts(MessageClaim(b"1", by_uid=False))
    assert found.conflicts(MessageClaim(b"5", by_uid=False))
    assert found.conflicts(MessageClaim(b"9", by_uid=True))
    found.remove("one")
    found.remove("some")
    assert len(found) == 0
    assert not found.conflicts(MessageClaim(b"1:5", by_uid=False))


# -- FETCH responses in one go ---------------------------------------------------------------------

responses = st.lists(
    st.sampled_from(
        [
            b"* 1 FETCH (FLAGS ())",
            b"* 23 FETCH (X {3}\r\na)b)",
            b"* 4 FETCH (X {0}\r\n Y {2}\r\nab UID 7)",
            b"* 5 fetch (UID 9)",
            b"*  6 FETCH (Y)",
            b"* 7 FETCH",
            b"* x FETCH (Y)",
            b"* OK 1 FETCH (Y)",
            b"* 8 EXISTS",
            b"* 9 EXPUNGE",
            b"* CAPABILITY X",
            b"A1 OK done",
            b"A2 OK done",
            b"1 FETCH (Y)",
            b" FETCH (Y)",
        ]
    ),
    max_size=12,
).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


SETS = [("1:*",), ("1:4", "5:*"), ("1:4",), ("4",), ("1,5:8,23",), ("7", "1:4")]


@given(
    responses,
    st.sampled_from(SETS),
    st.integers(1, 8),
    st.booleans(),
    st.sampled_from([b"", b"* 1 FETCH (UID 7)\r\n", b"* 9 FETCH (UID 1)\r\n"]),
    st.sampled_from(["FETCH", "UID FETCH"]),
)
def test_fetch_responses_in_one_go_are_what_they_are_one_by_one(
    wire: bytes, sets: tuple[str, ...], few: int, is_long: bool, repeated: bytes, name: str
) -> None:
    collected = 10_000 if is_long else few
    wire = repeated * 40 * is_long + wire + repeated * 40 * is_long
    stories = []
    for at_once in (True, False):
        driver = Driver(PREAUTH, limits=Limits(collected=collected))
        driver.core.state = "SELECTED"
        if not at_once:
            driver.core._collect_fetches = lambda frames, start: 0  # type: ignore[method-assign]
        commands = [driver.submit(name, numbers, "X") for numbers in sets]
        driver.receive(wire)
        outcomes = [outcome for command in commands for outcome in driver.outcomes(command)]
        told = [
            event.data if isinstance(event, Completed) else str(event.error) for event in outcomes
        ]
        stories.append((told, list(driver.core.untagged), str(driver.core.reason)))
    assert stories[0] == stories[1]


# -- Nothing is lost, and nothing is given twice ---------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=30),
    st.lists(sequences, min_size=1, max_size=4),
    st.sampled_from(["FETCH", "UID FETCH", "STORE", "UID STORE"]),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_each_response_is_a_commands_that_asked_for_it_or_untagged(
    messages: list[tuple[int, int]], sets: list[bytes], name: str, raw: list[bool]
) -> None:
    driver = Driver.selected()
    driver.core.state = "SELECTED"
    arguments = ["X"] if "FETCH" in name else ["FLAGS", "()"]
    commands = [
        driver.submit(name, numbers.decode(), *arguments, leaves_data=leaves)
        for numbers, leaves in zip(sets, raw, strict=False)
    ]
    running = [command for command in commands if driver.started(command)]
    lines = [b"%d (UID %d X %d)" % (*ids, n) for n, ids in enumerate(messages)]
    data = b"".join(b"* " + line.replace(b" ", b" FETCH ", 1) + b"\r\n" for line in lines)
    driver.receive(data)
    given_to: list[bytes] = []
    for command in running:
        asked = MessageSet.parse(sets[commands.index(command)])
        for line in command.data.get("FETCH", []):
            number, uid = messages[int(line.rpartition(b" ")[2][:-1])]
            assert (uid if "UID" in name else number) in asked or command.leaves_data
            given_to.append(line)
    given_to += driver.core.untagged.get("FETCH", [])
    assert sorted(given_to) == sorted(lines)
    for ids, line in zip(messages, lines, strict=True):
        wanted = ids["UID" in name]
        if any(wanted in MessageSet.parse(sets[commands.index(c)]) for c in running):
            assert line not in driver.core.untagged.get("FETCH", [])


def test_a_flag_that_another_has_set_is_not_the_answer() -> None:
    driver = Driver.selected()
    fetch = driver.submit("FETCH", "3", "(BODY[])")
    driver.receive(b"* 1 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (BODY[] {2}\r\nhi)\r\n")
    driver.complete(fetch)
    assert driver.result(fetch) == ("OK", [(b"3 (BODY[] {2}", b"hi"), b")"])
    assert driver.core.untagged["FETCH"] == [b"1 (FLAGS (\\Seen))"]


def test_an_answer_that_comes_behind_an_expunge_is_one() -> None:
    """No server may send that, but some do."""
    driver = Driver.selected()
    fetch = driver.submit("FETCH", "3", "(UID)")
    driver.receive(b"* 1 EXPUNGE\r\n* 2 FETCH (UID 3)\r\n")
    driver.complete(fetch)
    assert driver.result(fetch) == ("OK", [b"2 (UID 3)"])


# -- STATUS that a LIST brings ---------------------------------------------------------------------

BOTH = b"* STATUS INBOX (MESSAGES 5)\r\n* STATUS Drafts (MESSAGES 0)\r\n"
LISTS = [("", "*", "RETURN", "(STATUS (MESSAGES))"), ("", "*", "RETURN (STATUS (MESSAGES))")]


@pytest.mark.parametrize("arguments", LISTS)
@pytest.mark.parametrize("list_first", [True, False])
def test_a_list_that_brings_statuses_and_a_status_wait_for_each_other(
    arguments: tuple[str, ...], list_first: bool
) -> None:
    driver = Driver.authenticated()
    calls: list[tuple[str, ...]] = [("LIST", *arguments), ("STATUS", "inbox", "(MESSAGES)")]
    one, other = (driver.submit(*call) for call in calls[:: 1 if list_first else -1])
    listed, status = (one, other) if list_first else (other, one)
    assert not driver.started(other)
    own = b"* STATUS INBOX (MESSAGES 5)\r\n"
    lines = b"* LIST () NIL INBOX\r\n" + BOTH
    driver.complete(one, data=lines if list_first else own)
    driver.complete(other, data=own if list_first else lines)
    assert driver.result(status) == ("OK", [b"INBOX (MESSAGES 5)"])
    assert driver.result(listed) == ("OK", [b"() NIL INBOX"])
    assert driver.core.untagged["STATUS"] == [b"INBOX (MESSAGES 5)", b"Drafts (MESSAGES 0)"]
    assert not driver.core._running.collecting._brought


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ("(STATUS (MESSAGES))", ("STATUS", "box", "(MESSAGES)")),
        ("(children MYRIGHTS)", ("MYRIGHTS", "box")),
        ('(METADATA ("/comment"))', ("GETMETADATA", "box", "/comment")),
    ],
)
def test_only_what_a_list_brings_waits_for_it(options: str, command: tuple[str, ...]) -> None:
    for wanted in ("(CHILDREN)", options):
        driver = Driver.authenticated()
        driver.submit("LIST", "", "*", "RETURN", wanted)
        other = driver.submit(*command)
        assert driver.started(driver.submit("LSUB", "", "*")) is (wanted != options)
        assert driver.started(other) is (wanted != options)


def test_a_lone_status_leaves_what_is_about_another_mailbox() -> None:
    driver = Driver.authenticated()
    status = driver.submit("STATUS", "INBOX", "(MESSAGES)")
    driver.complete(status, data=b"* STATUS Drafts (MESSAGES 0)\r\n* STATUS inbox (MESSAGES 5)\r\n")
    assert driver.result(status) == ("OK", [b"inbox (MESSAGES 5)"])
    assert driver.core.untagged["STATUS"] == [b"Drafts (MESSAGES 0)"]


def test_two_statuses_whose_names_differ_in_case_wait_for_each_other() -> None:
    driver = Driver.authenticated()
    statuses = [driver.submit("STATUS", name, "(MESSAGES)") for name in ("inbox.a", "INBOX.A")]
    assert [driver.started(status) for status in statuses] == [True, False]


def test_two_statuses_are_answered_in_the_servers_case() -> None:
    driver = Driver.authenticated()
    statuses = [driver.submit("STATUS", name, "(MESSAGES)") for name in ("inbox.a", "inbox.b")]
    driver.receive(b"* STATUS INBOX.b (MESSAGES 2)\r\n* STATUS INBOX.a (MESSAGES 1)\r\n")
    for status in statuses:
        driver.complete(status)
    assert [driver.result(status)[1] for status in statuses] == [
        [b"INBOX.a (MESSAGES 1)"],
        [b"INBOX.b (MESSAGES 2)"],
    ]
