"""The tests of ``test.test_imaplib`` that this package doesn't pass, and why."""

from __future__ import annotations

from typing import NamedTuple

Version = tuple[int, int, int]


class Exempted(NamedTuple):
    """A test that fails, in every class that has it."""

    method: str
    #: What its failure says: it must not fail for another reason.
    failure: str
    reason: str
    #: The first release of each branch where it passes or is gone; all later branches are so.
    passes_from: tuple[Version, ...] = ()
    #: The first release of each branch where it fails; by default it always has.
    fails_from: tuple[Version, ...] = ()

    def concerns(self, python: Version) -> bool:
        """Whether the test of that Python fails."""
        has_begun = not self.fails_from or _is_reached(self.fails_from, python)
        return has_begun and not _is_reached(self.passes_from, python)


def _is_reached(releases: tuple[Version, ...], python: Version) -> bool:
    """Whether a Python is one of the *releases*, each the first of its branch, or newer."""
    known = [first for first in releases if first[:2] <= python[:2]]
    return bool(known) and python >= max(known)


_NO_FILE = "Unknown IMAP4 command: 'file'"

EXEMPTED = (
    Exempted(
        "test_line_termination",
        "abort not raised",
        "insists on refusing lines that end with LF alone; we accept them",
    ),
    Exempted(
        "test_enable_UTF8_True_append",
        "!= b'UTF8 (Subject",
        "insists on what imaplib sent before gh-78319, which isn't the syntax of RFC 6855",
        passes_from=((3, 13, 8), (3, 14, 1)),
    ),
    Exempted(
        "test_certfile_arg_warn",
        "did not catch any warning",
        "insists on a warning that certfile will go away; ours stays",
        passes_from=((3, 12, 0),),
    ),
    Exempted(
        "test_logincapa",
        "LOGINDISABLED",
        "insists on a login although the server lists LOGINDISABLED (of a server in the network)",
        passes_from=((3, 13, 0),),
    ),
    *(
        Exempted(
            method,
            "'tuple' object does not support the context manager protocol",
            "insists that idle() without arguments is an iterator; ours blocks, as in imaplib2 3.x",
            fails_from=((3, 14, 0),),
        )
        for method in (
            "test_idle_iter",
            "test_idle_denied",
            "test_idle_burst",
            "test_idle_delayed_packet",
        )
    ),
    Exempted(
        "test_control_characters",
        "a&AAE-b",
        "insists on control characters as they are in mailbox names; ours are in modified UTF-7",
        fails_from=((3, 14, 7),),
    ),
    Exempted(
        "test_invalid_greeting_untagged",
        "server said BYE: ",
        "insists on an error for a greeting that is BYE; ours is an abort, as for any other BYE",
        fails_from=((3, 14, 7),),
    ),
    *(
        Exempted(
            method,
            failure,
            "insists on quotes in the text; ours is that of imaplib2 3.x and of older versions",
            fails_from=((3, 14, 7),),
        )
        for method, failure in (
            ("test_readonly_error_reports_mailbox", '"INBOX is not writable"'),
            ("test_uid_unknown_command_reports_command", '"Unknown IMAP4 UID command: BOGUS"'),
        )
    ),
    Exempted(
        "test_file_property_should_not_be_accessed",
        _NO_FILE,
        "insists on a warning; a connection has no file here",
        fails_from=((3, 14, 0),),
        passes_from=((3, 15, 0),),
    ),
    *(
        Exempted(method, failure, "a connection has no file here", fails_from=((3, 15, 0),))
        for method, failure in (
            ("test_file_property_getter", _NO_FILE),
            ("test_file_property_setter", _NO_FILE),
            (
                "test_file_property_setter_should_not_close_previous_file",
                "does not have the attribute '_imaplib_file'",
            ),
        )
    ),
    *(
        Exempted(
            method,
            "Unknown IMAP4 command: '_",
            "is about a private method of imaplib",
            fails_from=((3, 14, 7),),
        )
        for method in ("test_astring", "test_astring_idempotent", "test_list_mailbox")
    ),
    Exempted(
        "test_deprecated__version__",
        "DeprecationWarning not triggered",
        "insists on a warning that __version__ will go away; ours stays",
        fails_from=((3, 15, 0),),
    ),
)
