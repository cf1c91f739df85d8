"""Words in single backquotes: what the reference has by that name, in whichever class or module.

Docstrings say ```idle`` or ```Idler``, as a reader of the source would. Of several that end so, the one
of the connection is meant, then that of the package.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

_FIRST = ("imaplib2.IMAP4", "imaplib2")
_FIELD = "Alias for field number "


def _resolved(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.reference | None:
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    objects = env.domaindata["py"]["objects"]
    target = node["reftarget"]
    found = [name for name in objects if name.endswith("." + target)]
    chosen = next((f"{first}.{target}" for first in _FIRST if f"{first}.{target}" in found), None)
    if chosen is None:
        if len(found) != 1:
            return None
        chosen = found[0]
    at = objects[chosen]
    return make_refnode(app.builder, node["refdoc"], at.docname, at.node_id, shown, chosen)


def _without_fields(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """What Python says of a named tuple's fields by itself says nothing."""
    if lines and lines[0].startswith(_FIELD):
        lines.clear()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("missing-reference", _resolved)
    app.connect("autodoc-process-docstring", _without_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
