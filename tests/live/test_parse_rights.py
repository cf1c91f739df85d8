"""What real servers say of rights, quotas, themselves, and in response codes, as values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imaplib2 import IMAP4, mailbox_names, parse

from .helpers import TIMEOUT, fill, ok, plain, with_servers
from .server import Server


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    """A connection with three messages in INBOX, which is selected."""
    with plain(server, user) as M:
        fill(M, "INBOX", range(1, 4), 500)
        ok(M.select())
        yield M


def mailbox(M: IMAP4, server: Server, name: str) -> str:
    """The name that a new mailbox of this *name* has."""
    created = server.mailbox(name)
    ok(M.create(created))
    return created


with_an_odd_name = pytest.mark.parametrize("name", ["plain", "two words", "Entw\xfcrfe", "NIL"])

# -- QUOTA -----------------------------------------------------------------------------------------


def test_a_mailbox_has_a_quota_root(M: IMAP4, server: Server) -> None:
    answer = M.getquotaroot("INBOX")
    [found] = parse.quota_root(answer)
    assert (found.mailbox, found.roots) == ("INBOX", (server.traits.quota_root,))
    [quota] = found.quotas
    assert [quota] == parse.quota(answer)
    assert quota.root == server.traits.quota_root
    # Courier limits nothing.
    if quota.resources:
        assert quota.storage is not None
        assert quota.storage.usage in (1, 2)
        assert quota.storage.free == quota.storage.limit - quota.storage.usage > 1024


def test_a_quota_root_has_limits(M: IMAP4, server: Server) -> None:
    root = server.traits.quota_root
    if server.traits.shows_quota:
        [found] = parse.quota(M.getquota(root))
        assert found.root == root
    else:
        with pytest.raises(parse.ParseError, match="Permission denied"):
            parse.quota(M.getquota(root))


# -- Rights ----------------------------------------------------------------------------------------


@with_an_odd_name
def test_rights_are_given_and_taken_away(M: IMAP4, server: Server, user: str, name: str) -> None:
    box = mailbox(M, server, name)
    ok(M.setacl(box, "bob", "lr"))
    ok(M.setacl(box, "-carol", "w"))
    [found] = parse.acl(M.getacl(box))
    assert found.mailbox == box
    owners = dict.fromkeys(server.traits.owners or [user], frozenset(server.traits.rights))
    assert found.rights == owners | {"bob": frozenset("lr")}
    assert found.negative == {"carol": frozenset("w")}


@with_an_odd_name
def test_the_own_rights_are_told(M: IMAP4, server: Server, name: str) -> None:
    box = mailbox(M, server, name)
    rights = frozenset(server.traits.rights)
    assert parse.my_rights(M.myrights(box)) == [parse.MyRights(box, rights)]
    if "LIST-MYRIGHTS" in M.capabilities:
        ok(M.list("", "* RETURN (MYRIGHTS)"))
        told = parse.my_rights(M.response("MYRIGHTS"))
        assert parse.MyRights(box, rights) in told
        assert {one.rights for one in told} == {rights}


@with_an_odd_name
def test_what_rights_there_may_be_is_told(M: IMAP4, server: Server, name: str) -> None:
    box = mailbox(M, server, name)
    ok(M.xatom("LISTRIGHTS", b'"%b"' % mailbox_names.encode(box), "bob"))
    [found] = parse.list_rights(M.response("LISTRIGHTS"))
    assert (found.mailbox, found.identifier, found.required) == (box, "bob", frozenset())
    assert frozenset().union(*found.optional) >= frozenset(server.traits.rights)


# -- ID, METADATA, CAPABILITY ----------------------------------------------------------------------


@with_servers(lambda traits: "ID" in traits.extensions)
def test_servers_say_what_they_are(M: IMAP4, server: Server) -> None:
    found = parse.identification(M.id("name", "test"))
    assert (found["name"] or "").lower().startswith(server.traits.name)
    assert found["version"]


@with_servers(lambda traits: "METADATA" in traits.extensions)
@with_an_odd_name
def test_entries_are_stored_and_read(M: IMAP4, server: Server, name: str) -> None:
    box = mailbox(M, server, name)
    ok(M.setmetadata(box, '(/private/comment "a \\"b\\" \u2603" /shared/comment "Ours")'))
    [found] = parse.metadata(M.getmetadata(box, "(/private/comment /shared/comment /private/none)"))
    assert found.mailbox == box
    expected = {"/private/comment": 'a "b" \u2603'.encode(), "/shared/comment": b"Ours"}
    assert expected.items() <= found.entries.items()
    assert found.entries["/private/none"] is None
    [found] = parse.metadata(M.getmetadata("", "/shared/admin"))
    assert (found.mailbox, found.entries) == ("", {"/shared/admin": None})


@with_servers(lambda traits: "METADATA" in traits.extensions)
def test_entries_may_be_too_long(M: IMAP4, server: Server) -> None:
    ok(M.setmetadata("INBOX", '(/private/comment "Mine")'))
    assert parse.metadata(M.getmetadata("(MAXSIZE 1)", "INBOX", "(/private/comment)")) == []
    # It stands where the responses of that name do.
    assert parse.metadata(M.untagged_responses) == []
    code = parse.response_code(M.response("METADATA"))
    assert code is not None
    assert code.value == parse.MetadataLimit("LONGENTRIES", 4)


def test_servers_say_what_they_can(M: IMAP4, server: Server) -> None:
    found = parse.capability(M.capability())
    assert "imap4rev1" in found
    assert found == parse.Capabilities(M.capabilities)
    assert "REFERENCES" in found.thread_algorithms
    with IMAP4(server.host, server.port, TIMEOUT) as fresh:
        assert "PLAIN" in parse.capability(fresh.capability()).mechanisms
    assert found.rights <= frozenset(server.traits.rights)
    assert (found.append_limit == 2**32 - 1) is (server.traits.name == "cyrus")


# -- Response codes --------------------------------------------------------------------------------


def test_messages_that_are_appended_and_copied_have_uids(M: IMAP4, server: Server) -> None:
    box = mailbox(M, server, "Copies")
    appended = parse.response_code(M.append("INBOX", None, None, b"Subject: x\r\n\r\nx\r\n"))
    assert appended is not None
    assert (appended.name, appended.value.uids) == ("APPENDUID", {4})
    # Courier knows the new one from now on.
    ok(M.noop())
    copied = parse.response_code(M.copy("2:4", box))
    assert copied is not None
    assert copied.name == "COPYUID"
    assert [*copied.value.pairs()] == [(2, 1), (3, 2), (4, 3)]
    assert (copied.value.source, copied.value.destination) == ({2, 3, 4}, {1, 2, 3})
    # By its name, it is told once.
    assert parse.response_codes(M.response("COPYUID")) == [copied._replace(text="")]
    assert parse.response_code(M.response("COPYUID")) is None
    ok(M.select(box))
    selected = parse.response_code(M.response("UIDVALIDITY"))
    assert selected is not None
    assert selected.value == copied.value.uid_validity


@with_servers(lambda traits: "MOVE" in traits.extensions)
def test_messages_that_are_moved_have_uids(M: IMAP4, server: Server) -> None:
    box = mailbox(M, server, "Moved")
    ok(M.move("1,3", box))
    found = parse.response_code(M.response("COPYUID"))
    assert found is not None
    assert [*found.value.pairs()] == [(1, 1), (3, 2)]


def test_a_mailbox_is_described_when_it_is_selected(M: IMAP4, server: Server) -> None:
    M.untagged_responses = {}
    ok(M.select())
    codes = parse.response_codes(M.untagged_responses)
    found = {code.name: code.value for code in codes}
    assert len(found) == len(codes)
    assert found["READ-WRITE"] is None
    assert found["UIDVALIDITY"] > 0
    assert r"\Seen" in found["PERMANENTFLAGS"].flags
    assert found["PERMANENTFLAGS"].may_create
    if server.traits.announces_uidnext:
        assert found["UIDNEXT"] == 4
    if server.has("CONDSTORE"):
        assert found.get("HIGHESTMODSEQ", 1) > 0
    if "OBJECTID" in M.capabilities:
        assert found["MAILBOXID"].isalnum()
    if server.traits.name == "courier":
        assert found["MYRIGHTS"] == frozenset(server.traits.rights)


@with_servers(lambda traits: "CONDSTORE" in traits.extensions)
def test_what_has_been_changed_meanwhile_is_told(M: IMAP4, server: Server) -> None:
    M.uid("STORE", "1:3", "(UNCHANGEDSINCE 1)", "+FLAGS", r"(\Flagged)")
    found = parse.response_code(M.response("MODIFIED"))
    assert found is not None
    assert found.value == {1, 2, 3}


@with_servers(lambda traits: traits.name != "courier")
def test_a_mailbox_may_have_to_be_created(M: IMAP4, server: Server) -> None:
    for answer in (M.copy("1", "no such"), M.append("no such", None, None, b"x: y\r\n\r\n")):
        found = parse.response_code(answer)
        assert found is not None
        assert (found.name, found.value) == ("TRYCREATE", None)
        assert server.traits.unknown_mailbox.decode() in found.text


@with_servers(lambda traits: "[AUTHENTICATIONFAILED]" in traits.refusal)
def test_why_a_login_is_refused_is_told(server: Server, user: str) -> None:
    with IMAP4(server.host, server.port, TIMEOUT) as M:
        with pytest.raises(IMAP4.error) as caught:
            M.login(user, "wrong")
        found = parse.response_code(str(caught.value))
        assert found is not None
        assert (found.name, found.text) == ("AUTHENTICATIONFAILED", "Authentication failed.")
