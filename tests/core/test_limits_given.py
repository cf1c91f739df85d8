"""Limits, as they are given: by their names, and shown with them."""

from __future__ import annotations

import pytest

from imaplib2._protocol.limits import Limits


def test_what_is_not_given_is_the_default() -> None:
    limits = Limits(line=5000, stored=7)
    assert (limits.line, limits.stored) == (5000, 7)
    assert limits.literal == Limits().literal == Limits.literal


@pytest.mark.parametrize("name", ["lines", "_line", "__init__"])
def test_a_limit_of_no_such_name_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"no limit of that name: '{name}'"):
        Limits(**{name: 5})


def test_limits_are_shown_as_they_are_given() -> None:
    limits = Limits(line=5000)
    limits.stored = 7
    text = repr(limits)
    assert text.startswith("Limits(line=5_000, literal=4_294_967_295, literals=100_000, stored=7,")
    assert vars(eval(text)).items() >= {"line": 5000, "stored": 7}.items()
