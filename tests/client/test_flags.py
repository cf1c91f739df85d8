"""Names of flags and attributes."""

from __future__ import annotations

import re

import pytest

from imaplib2 import flags
from imaplib2._protocol.grammar import ATOM

pytestmark = pytest.mark.pure

CONSTANTS = {
    name: value
    for name, value in vars(flags).items()
    if re.fullmatch("[A-Z0-9_]+", name) and isinstance(value, str)
}
SETS = [flags.SYSTEM_FLAGS, flags.KEYWORDS, flags.ATTRIBUTES, flags.SPECIAL_USES]


@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_a_constant_is_named_after_its_value_and_in_one_set(name: str) -> None:
    value = CONSTANTS[name]
    if name == "ANY_KEYWORD":
        assert value == r"\*"
        return
    assert value[0] in "$\\"
    assert ATOM.fullmatch(value[1:])
    assert value[1:].lower() == name.removeprefix("USE_").replace("_", "").lower()
    assert [value in some for some in SETS].count(True) == (2 if value == r"\Flagged" else 1)
    assert (value in flags.SPECIAL_USES) is (name.startswith("USE_") or value == r"\Flagged")


def test_the_sets_hold_nothing_else() -> None:
    assert frozenset().union(*SETS) | {flags.ANY_KEYWORD} == frozenset(CONSTANTS.values())
    assert all(value.startswith("$") for value in flags.KEYWORDS)
    assert all(value.startswith("\\") for some in (SETS[0], *SETS[2:]) for value in some)
