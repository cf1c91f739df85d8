"""The data in the transcripts of real servers (see ``tests/core/test_corpus.py``)."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from ..core.test_corpus import CORPUS, TRANSCRIPTS

#: The outcome of a command, and what is stored of a type.
_OUTCOME = re.compile(r"= (\w+) OK (\[.*\])")
_STORED = re.compile(r"= untagged (\w+) (\[.*\])")


def data_of(path: Path, name: str) -> list[Any]:
    """All data of responses called *name* in a transcript, as commands return it."""
    text = path.read_text("ascii")
    found: list[Any] = []
    for line in text.splitlines():
        if outcome := _OUTCOME.fullmatch(line):
            sent = re.search(rf"^C: {outcome[1]} (?:UID )?(\w+)", text, re.MULTILINE)
            if sent and sent[1] == name:
                found += ast.literal_eval(outcome[2])
        elif (stored := _STORED.fullmatch(line)) and stored[1] == name:
            found += ast.literal_eval(stored[2])
    return found


#: The names of transcripts, ``courier/second-fetch-for-flags``, that have FETCH responses.
FETCHED = {
    f"{path.parent.name}/{path.stem}": data
    for path in TRANSCRIPTS
    if path.is_relative_to(CORPUS) and any(data := data_of(path, "FETCH"))
}
