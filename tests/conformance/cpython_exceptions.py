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

    def concerns(self, python: Version) -> bool:
        """Whether the test of that Python fails."""
        known = [first for first in self.passes_from if first[:2] <= python[:2]]
        return not known or python < max(known)


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
)
