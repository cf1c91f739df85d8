"""What a test needs of the machine: where it is missing the test is skipped, or fails."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from types import ModuleType
from typing import NoReturn

import pytest

#: What was missing, of all that tests have needed so far.
missed: set[str] = set()


def need(missing: str | None, server: str | None = None) -> None:
    """Skip the test, or all tests of the module, if something is *missing*, and say what.

    With IMAPLIB2_REQUIRE_SERVERS=1, where everything has to run, that is a failure. Where only some
    servers can be had, it names them instead, with commas between; all but servers has to be there.
    """
    if missing and _is_required(server):
        pytest.fail(missing, pytrace=False)
    if missing:
        skip(missing)


def skip(missing: str) -> NoReturn:
    """Skip the test, or all tests of the module, and tell at the end what is *missing*."""
    missed.add(missing)
    pytest.skip(missing, allow_module_level=True)


def _is_required(server: str | None) -> bool:
    required = os.environ.get("IMAPLIB2_REQUIRE_SERVERS", "")
    return bool(required) and (required == "1" or server is None or server in required.split(","))


def need_package(name: str) -> None:
    """Skip the test, or fail it, where a Python package isn't installed."""
    found = importlib.util.find_spec(name) is not None
    need(None if found else f"the package {name} is not installed")


def need_openssl() -> None:
    """Skip the test, or fail it, where there is no program that makes certificates."""
    need(None if shutil.which("openssl") else "openssl is not installed")


def imapclient_parser() -> ModuleType:
    """The module of IMAPClient that reads responses.

    Its package adds commands to ``imaplib.Commands`` when it is imported: other tests look at what
    Python has there.
    """
    import imaplib

    need_package("imapclient")
    commands = dict(imaplib.Commands)
    try:
        return importlib.import_module("imapclient.response_parser")
    finally:
        imaplib.Commands.clear()
        imaplib.Commands.update(commands)
