"""The version of the package, in its forms."""

from __future__ import annotations

import imaplib2
from imaplib2._version import __release__, __revision__, __version__, version


def test_it_is_told_as_text_and_as_numbers() -> None:
    assert version() == imaplib2.__version__ == __version__
    assert version(True) == version(use_tuple=True)
    assert ".".join(map(str, version(True))) == __version__
    assert version(True) > (3, 6)


def test_its_parts_are_those_of_the_whole() -> None:
    assert __version__.startswith(f"{__release__}.")
    assert __version__.endswith(f".{__revision__}")
