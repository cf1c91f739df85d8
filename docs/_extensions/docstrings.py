"""How docstrings become pages.

- Words in single backquotes are what the reference has by that name, in whichever class or module:
  a reader of the source knows what `idle` or `Idler` is. Of several that end so, the one of the
  connection is meant, then that of the package.
- Signatures have the names of what is taken, and the type of what is given: the docstrings say what
  goes in, in words. A class takes what its ``__init__`` takes, whatever its ``__new__`` does.
- What Python says of a named tuple's fields is left out.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

_FIRST = ("imaplib2.IMAP4", "imaplib2")
_ALIASES = {"Lines": "tuple[str, list[bytes]]", "Nothing": "tuple[Literal['OK'], list[None]]"}
"""What types of this package are that have names for type checkers only."""
_FIELD = "Alias for field number "


def _resolved(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.reference | None:
    # What stands for several classes isn't found as a class, before Sphinx 9.
    if node.get("refdomain") != "py" or node.get("reftype") not in ("obj", "class"):
        return None
    objects = env.domaindata["py"]["objects"]
    target = node["reftarget"]
    # An alias is the name by which the package itself knows it: imaplib2.parse._fetch.Message.
    told = (name for name, known in objects.items() if not known.aliased)
    found = [name for name in told if name.endswith("." + target)]
    chosen = next((f"{first}.{target}" for first in _FIRST if f"{first}.{target}" in found), None)
    if chosen is None:
        if len(found) != 1:
            return None
        chosen = found[0]
    at = objects[chosen]
    return make_refnode(app.builder, node["refdoc"], at.docname, at.node_id, shown, chosen)


def _signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    shown: str | None,
    returned: str | None,
) -> tuple[str, str | None] | None:
    # That of a class which users don't make is left out by the page: "()".
    if not shown or shown == "()":
        return None
    function = obj.__init__ if what in ("class", "exception") else obj
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    plain = [each.replace(annotation=empty) for each in found.parameters.values()]
    if what in ("class", "exception", "method"):
        plain = plain[1:] if plain and plain[0].name in ("self", "cls") else plain
    given = _ALIASES.get(returned or "", returned)
    # What stands in for typing at run time, see imaplib2/_hints.py.
    given = given and re.sub(r"\bobject\b", "Any", given)
    return str(found.replace(parameters=plain, return_annotation=empty)), given


def _without_fields(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    if lines and lines[0].startswith(_FIELD):
        lines.clear()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("missing-reference", _resolved)
    app.connect("autodoc-process-docstring", _without_fields)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
