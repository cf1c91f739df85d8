"""Names of mailboxes as paths of folders: for each name its own, on any file system, and back."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, strategies as st

from imaplib2._cli.backup.folder_names import folder_path, mailbox_name

#: Characters over which file systems stumble, more often than others.
HARD = [
    *"aA\u00e9\u00c9\u00df\u1e9e\u017fsK\u212ak\u00b5\u03bc\u03c2\u03c3\u03a3\u0130\u0131\u00c5\u212b",
    *"%,~./\\:*? -\t\x00\udc80\ud800\ufb01\uff46\u1100\u1161",
    *("e\u0301", "con", "NUL", "com1", "INBOX"),
]
names = st.lists(st.sampled_from(HARD) | st.characters() | st.text(), max_size=12).map("".join)
long_names = names.map(lambda name: name * 30)
FORBIDDEN = re.compile(r'[<>:"|?*\\~\x00-\x1f\x7f]')
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("INBOX", "INBOX"),
        ("Inbox", "INBOX,1e"),
        ("inbox/Drafts", "Inbox%2FDrafts,1"),
        ("Sent Items", "Sent Items"),
        ("Sent items", "Sent Items,10"),
        ("[Gmail]/All Mail", "[Gmail]%2FAll Mail"),
        ("Архив", "Архив"),
        ("архив", "Архив,1"),
        ("受信", "受信"),
        ("a:b", "A%3AB,3"),
        ("..", "%2E%2E"),
        ("Con", "%43on"),
        ("Con.txt", "%43on.Txt,8"),
        ("Straße", "Stra%C3%9Fe"),
        ("\u1100\u1161x", "%E1%84%80%E1%85%A1x"),
        ("", "%u"),
        ("\udc80", "%uDC80"),
        ("-x", "%2DX,1"),
        ("100%", "100%25"),
        ("a, b", "A%2C B,3"),
    ],
)
def test_names_are_readable(name: str, path: str) -> None:
    assert folder_path(name) == path
    assert mailbox_name(path) == name


@given(names | long_names)
@example("INBOX")
@example("\u0131nbox")
def test_there_is_a_way_back(name: str) -> None:
    path = folder_path(name)
    assert mailbox_name(path) == name
    for form in ("NFC", "NFD"):
        assert mailbox_name(unicodedata.normalize(form, path)) == name


@given(names | long_names)
def test_no_file_system_refuses_a_path(name: str) -> None:
    parts = folder_path(name).split("/")
    for part in parts:
        assert 0 < len(part.encode()) <= 120
        assert not FORBIDDEN.search(part)
        assert not RESERVED.fullmatch(part)
        assert part[0] not in " .-"
        assert part[-1] not in " ."


@given(names, names)
@example("a", "A")
@example("inbox", "INBOX")
@example("\u00e9", "e\u0301")
@example("K", "\u212a")
def test_no_two_share_one(one: str, other: str) -> None:
    def seen(name: str, form: str) -> str:
        return unicodedata.normalize(
            form, unicodedata.normalize(form, folder_path(name)).casefold()
        )

    if one != other:
        for form in ("NFC", "NFD", "NFKC"):
            assert seen(one, form) != seen(other, form)
            assert seen(one, form) != seen(one + other, form) or not other


@given(names)
def test_a_file_system_may_forget_the_case(name: str) -> None:
    path = folder_path(name)
    assert mailbox_name("".join(c.lower() if len(c.lower()) == 1 else c for c in path)) == name


@pytest.mark.parametrize("path", ["a/b", "%", "%4", "a%zz", "a,x", "%FF", "a%/%", "%uD8"])
def test_not_all_is_a_path(path: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        mailbox_name(path)


@given(st.text(alphabet="aA%,u/0fF é") | st.text())
def test_nothing_else_is_raised(path: str) -> None:
    try:
        name = mailbox_name(path)
    except ValueError:
        return
    assert isinstance(name, str)
