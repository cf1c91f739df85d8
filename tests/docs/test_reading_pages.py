"""What runs the examples of the documentation notices what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import commands
from .pages import Block, blocks, run

PAGE = """\
Title
=====

Text with code::

    $ not run

.. code-block:: python
   :caption: one.py

   x = 1

   print(x)

.. code-block:: output

   1

- In a list:

  .. code-block:: pycon

     >>> x + 1
     2
.. hidden:

   assert x == 1

.. not run: there is no y

.. code-block:: python

   y
"""


def test_blocks() -> None:
    assert list(blocks(PAGE)) == [
        Block("python", "x = 1\n\nprint(x)\n", 11),
        Block("output", "1\n", 17),
        Block("pycon", ">>> x + 1\n2\n", 23),
        Block("hidden", "assert x == 1\n", 27),
        Block("python", "y\n", 33, "there is no y"),
    ]


def test_they_share_their_names(tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    path.write_text(PAGE, encoding="utf-8")
    names: dict[str, object] = {}
    run(path, names)
    assert names["x"] == 1


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("   1\n", "   2\n", AssertionError),
        ("     2\n", "     3\n", AssertionError),
        ("x == 1", "x == 2", AssertionError),
        ("print(x)", "print(z)", NameError),
        ("x = 1", "x =", SyntaxError),
        (".. not run: there is no y\n", "", NameError),
    ],
)
def test_what_is_wrong(old: str, new: str, kind: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    assert old in PAGE
    path.write_text(PAGE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(kind):
        run(path, {})


def test_a_failure_names_the_line_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    path.write_text(PAGE.replace("print(x)", "1 / 0"), encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        run(path, {})
    assert caught.traceback[-1].lineno + 1 == 13


TYPED = """\
.. code-block:: console

   $ rm -rf /
   $ imaplib2 --version
   imaplib2 ...
   $ imaplib2 --version | cut -c 1-8
   $ imaplib2 completion \\
       cobol
   $ echo $?
   2
"""


def test_command_lines(tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    path.write_text(TYPED, encoding="utf-8")
    run(path, {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("imaplib2 ...", "imaplib3 ..."),
        ("   2\n", "   3\n"),
        ("   $ echo $?\n   2\n", ""),
        ("--version |", "--versions |"),
    ],
)
def test_what_is_wrong_with_command_lines(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "page.rst"
    assert old in TYPED
    path.write_text(TYPED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AssertionError):
        run(path, {})


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("console", "$ imaplib2 ls work 'A *' | wc\nimaplib2 x\n", [["ls", "work", "A *"]]),
        ("text", "1 2 * * * imaplib2 check work >log\n", [["check", "work"]]),
        ("text", 'eval "$(imaplib2 completion zsh)"\n', [["completion", "zsh"]]),
        ("console", "$ cat ~/.config/imaplib2/config.toml\n", []),
        ("python", "$ imaplib2 ls\n", []),
    ],
)
def test_arguments(kind: str, text: str, expected: list[list[str]]) -> None:
    lines = commands.lines(kind, text)
    assert [words for line in lines for words in commands.arguments(line)] == expected
