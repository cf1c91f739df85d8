"""The directive ``flag-names``: the constants in one of the sets of ``imaplib2.flags``."""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from imaplib2 import flags


class FlagNames(SphinxDirective):
    """``.. flag-names:: SYSTEM_FLAGS`` gives the set, and a line for each of its members."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        chosen = self.arguments[0]
        members = getattr(flags, chosen)
        lines = [f".. data:: {chosen}", "", "   All of these, as a frozenset.", ""]
        for name, value in vars(flags).items():
            is_use = name.startswith("USE_") == (chosen == "SPECIAL_USES")
            if isinstance(value, str) and value in members and is_use:
                lines += [f".. data:: {name}", f"   :value: {value}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("flag-names", FlagNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
