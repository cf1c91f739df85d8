"""What the transcripts in ``tests/corpus`` have commands return."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent.parent / "corpus"


def outcome(transcript: str, what: str = "A1") -> tuple[str, Any]:
    """``(typ, data)`` of the command with the tag *what*, or of "untagged TYPE"."""
    for line in (CORPUS / transcript).read_text("ascii").splitlines():
        if line.startswith(f"= {what} "):
            found = line.removeprefix(f"= {what} ")
            untagged = what.removeprefix("untagged ")
            type_, data = (untagged, found) if untagged != what else found.split(" ", 1)
            return type_, ast.literal_eval(data)
    raise LookupError(f"{transcript}: {what}")
