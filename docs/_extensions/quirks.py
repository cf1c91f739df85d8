"""The directive ``quirks``: a list of what servers do, from the transcripts in ``tests/corpus``.

Each transcript begins with a comment that says what happens and who has told of it; behind "Here:",
what this library makes of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_CORPUS = Path(__file__).parents[2] / "tests" / "corpus"
_NAMES = {
    "david.fx": "David.fx", "davmail": "DavMail", "gmx": "GMX", "greenmail": "GreenMail",
    "exchange": "Exchange, Outlook.com, Office 365", "hmailserver": "hMailServer",
    "icloud": "iCloud", "interia": "interia.pl", "intermail": "InterMail", "mail.ru": "mail.ru",
    "netease": "NetEase (163.com, 126.com)", "other": "Others, or several", "sohu": "sohu.com",
}  # fmt: skip
_REPOSITORIES = {
    "cpython": "python/cpython", "imapclient": "mjs/imapclient", "imap_tools": "ikvk/imap_tools",
    "getmail6": "getmail6/getmail6", "cyrus-imapd": "cyrusimap/cyrus-imapd",
    "imapsync": "imapsync/imapsync", "twisted": "twisted/twisted",
}  # fmt: skip
"""What transcripts call by one word."""
_REFERENCE = re.compile(rf"([\w.-]+/[\w.-]+|{'|'.join(_REPOSITORIES)})#(\d+)")


class Quirks(SphinxDirective):
    """A definition list: a server, and what it does; what is done about it, and the transcript."""

    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        listed = nodes.definition_list()
        folders = sorted(_CORPUS.iterdir(), key=lambda path: (path.name == "other", path.name))
        for folder in folders:
            listed += self._server(folder)
        return [listed]

    def _server(self, folder: Path) -> nodes.Node:
        name = _NAMES.get(folder.name, folder.name.capitalize())
        told = nodes.bullet_list()
        for transcript in sorted(folder.glob("*.txt")):
            self.env.note_dependency(str(transcript))
            happens, _, done = _comment(transcript).partition(" Here: ")
            if not done:
                raise self.error(f"what becomes of {transcript.name} isn't told")
            of_server = nodes.paragraph("", "", *_linked(happens))
            text = f"→ {done} `{folder.name}/{transcript.name}`"
            of_ours = nodes.paragraph("", "", *self.parse_inline(text.replace("`", "``"))[0])
            told += nodes.list_item("", of_server, of_ours)
        return nodes.definition_list_item(
            "", nodes.term("", "", nodes.strong("", name)), nodes.definition("", told)
        )


def _comment(transcript: Path) -> str:
    lines = transcript.read_bytes().decode("utf-8", "replace").splitlines()
    told = []
    for line in lines:
        if not line.startswith("#"):
            break
        told.append(line.removeprefix("#").strip())
    return " ".join(told)


def _linked(text: str) -> list[nodes.Node]:
    """*text*, in which ``owner/name#123`` leads there."""
    found: list[nodes.Node] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        found.append(nodes.Text(text[at : match.start()]))
        name = _REPOSITORIES.get(match[1], match[1])
        address = f"https://github.com/{name}/issues/{match[2]}"
        found.append(nodes.reference("", match[0], refuri=address, internal=False))
        at = match.end()
    return [*found, nodes.Text(text[at:])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("quirks", Quirks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
