"""The pictures of figures say what the tables say that they are made from."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "docs" / "_pictures"
NAMES = sorted(path.name for path in DIRECTORY.iterdir())


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that draws them: the benchmarks are no part of what is installed."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import pictures

    return pictures


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_that_of_the_tables(name: str, pictures: ModuleType) -> None:
    """Otherwise: python -m benchmarks.pictures."""
    assert (DIRECTORY / name).read_text("utf-8") == pictures.pictures()[name]


def test_all_are_there(pictures: ModuleType) -> None:
    assert pictures.pictures().keys() == set(NAMES)


def test_each_is_shown() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.rst"))
    assert [name for name in NAMES if f".. picture:: {name}" not in text] == []


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("45 µs (2.21)", 45e-6), ("1.02 s", 1.02), ("491 MB (1.00)", 491e6), ("0 B (0.00)", 0.0),
        ("12,000", 12000.0), ("\N{EN DASH}", None), ("failed", None),
    ],
)  # fmt: skip
def test_amounts(text: str, amount: float | None, pictures: ModuleType) -> None:
    assert pictures.amount(text) == (amount if amount is None else pytest.approx(amount))


def test_a_picture_escapes_what_it_shows(pictures: ModuleType) -> None:
    bars = [pictures.Bar("a<b", 2.0, "2 & more"), pictures.Bar("c", 1.0, "1")]
    drawn = pictures.drawn([pictures.Group("<i>", bars)], "x")
    assert "a&lt;b" in drawn
    assert "2 &amp; more" in drawn
    assert "<i>" not in drawn
