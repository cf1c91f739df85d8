"""The methods that log in by SASL: how they look, and what is loaded for them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import imaplib2
from imaplib2._logins import LoginMethods

METHODS = {
    name: method for name, method in vars(LoginMethods).items() if inspect.isfunction(method)
}


def test_they_are_all_there() -> None:
    assert METHODS.keys() == {
        "login_scram", "login_xoauth2", "login_oauthbearer", "login_external", "login_best",
    }  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_method_ends_in_callback_and_its_argument(name: str) -> None:
    assert [*inspect.signature(METHODS[name]).parameters][-2:] == ["callback", "cb_arg"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_where_it_is_from_and_shows_itself(name: str) -> None:
    assert re.search(r"\(RFC", METHODS[name].__doc__ or "")
    assert f">>> M.{name}(" in (METHODS[name].__doc__ or "")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_one_line_that_its_import_stands_before(name: str) -> None:
    lines = inspect.getsource(METHODS[name]).rpartition('"""')[2].split("\n")
    first, second = [line.strip() for line in lines if line.strip()]
    assert first.startswith("from ._sasl.")
    assert second.startswith(f"return {name}(self, ")


def test_an_import_loads_no_mechanism() -> None:
    program = """if True:
    import sys, imaplib2
    print([name for name in sys.modules if "_sasl" in name or "scramp" in name])
    """
    folder = Path(imaplib2.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
