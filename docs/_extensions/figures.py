"""A figure in a table isn't parted from its unit where a cell is narrow."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx

_FIGURE = re.compile(r"(?<=\d) (?=(?:[KMG]?B|m?s|µs)\b)")


def _hold_together(app: Sphinx, tree: nodes.document) -> None:
    for cell in tree.findall(nodes.entry):
        for text in list(cell.findall(nodes.Text)):
            text.parent.replace(text, nodes.Text(_FIGURE.sub("\N{NO-BREAK SPACE}", text)))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _hold_together)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
