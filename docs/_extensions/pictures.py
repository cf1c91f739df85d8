"""The directive ``picture``: an SVG of ``docs/_pictures`` in the page, whose colours it takes."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_DIRECTORY = Path(__file__).parents[1] / "_pictures"


class Picture(SphinxDirective):
    """``.. picture:: memory.svg``, and the caption below it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        path = _DIRECTORY / self.arguments[0]
        self.env.note_dependency(str(path))
        figure = nodes.figure()
        figure += nodes.raw("", path.read_text(encoding="utf-8"), format="html")
        caption = nodes.caption()
        caption += self.parse_inline(" ".join(self.content))[0]
        figure += caption
        return [figure]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
