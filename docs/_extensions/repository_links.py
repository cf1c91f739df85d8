"""What the README and its like link to in the repository are pages here.

Pages include these files, or parts of them, where ``docs/limits.rst`` is what is called ``limits``
here, and ``SECURITY.rst`` is ``security``.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

_FILE = re.compile(r"(?:docs/)?([\w/]+)\.rst")


def _lead_to_pages(app: Sphinx, tree: nodes.document) -> None:
    for link in list(tree.findall(nodes.reference)):
        found = _FILE.fullmatch(link.get("refuri", ""))
        if found:
            # One that isn't there is a warning.
            link.replace_self(
                pending_xref(
                    "", nodes.inline("", link.astext()), refdomain="std", reftype="doc",
                    refdoc=app.env.docname, reftarget="/" + found[1].lower(), refexplicit=True,
                    refwarn=True,
                )
            )  # fmt: skip


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _lead_to_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
