"""What setup.cfg can't say: the description that the package index shows.

It is the README, whose links to other files of the repository would lead nowhere on that page.
There, they are the names of the files.
"""

import re
from pathlib import Path

from setuptools import setup

_LINK = re.compile(r"`(?P<text>[^`<]+)\s<(?!https?:)(?P<path>[^`>]+)>`_")


def _named(link: re.Match[str]) -> str:
    name = f"``{link['path']}``"
    return name if link["text"] == link["path"] else f"{link['text']} ({name})"


def _description() -> str:
    readme = Path(__file__).with_name("README.rst").read_text(encoding="utf-8")
    return _LINK.sub(_named, readme)


setup(long_description=_description())
