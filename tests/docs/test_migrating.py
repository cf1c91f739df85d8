"""What the pages on migrating promise to have all of."""

from __future__ import annotations

import re
from pathlib import Path

from ..needs import need_package

_PAGE = Path(__file__).parents[2] / "docs" / "migrating" / "imapclient.rst"


def test_each_method_of_imapclient_is_told() -> None:
    need_package("imapclient")
    from imapclient import IMAPClient  # type: ignore[import-untyped, unused-ignore]

    told = set(re.findall(r"\w+", _PAGE.read_text(encoding="utf-8")))
    methods = {name for name in vars(IMAPClient) if not name.startswith("_") and name.islower()}
    assert methods - told == set()
