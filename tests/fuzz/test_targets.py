"""The targets of the fuzzer without one: on what was found, what it begins with, and more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from .seeds import dictionary, seeds, write
from .targets import TARGETS

FOUND = Path(__file__).parent / "found"

every_target = pytest.mark.parametrize("target", TARGETS)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(FOUND.glob("*/*")) if path.is_file()],
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_what_was_found_is_found_no_more(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@every_target
def test_inputs_to_begin_with(target: str) -> None:
    for seed in seeds(target):
        TARGETS[target](seed)


@every_target
@settings(max_examples=50)
@given(data=st.data())
def test_inputs_like_those_to_begin_with(target: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from([b"", *seeds(target)]))
    at = data.draw(st.integers(0, len(seed)))
    cut = data.draw(st.integers(0, 3))
    choices = data.draw(st.binary(max_size=40))
    TARGETS[target](seed[:at] + data.draw(st.binary(max_size=20)) + seed[at + cut :] + choices)


@every_target
def test_seeds_are_written_for_the_fuzzer(target: str, tmp_path: Path) -> None:
    write(target, tmp_path)
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == sorted(seeds(target))
    assert len(set(seeds(target))) > 1


def test_the_dictionary_is_one_of_libfuzzer() -> None:
    lines = dictionary().splitlines()
    assert lines
    assert all(line[:3] == '"\\x' and line[-1] == '"' for line in lines)
