"""Accounts with a name: ``~/.config/imaplib2/config.toml``.

An account is a table; its keys are the long options of a connection, and ``host``::

    [accounts.work]
    host = "imap.example.org"
    user = "fred@example.org"
    password_command = "pass show work"

    [accounts.old]
    host = "mail.example.net"
    security = "starttls"
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._hints import Any
from .failures import USAGE, Failure

_TEXT, _NUMBER, _YES = (str,), (int, float), (bool,)
#: What an account may have, and of which types.
_KEYS: dict[str, tuple[type, ...]] = {
    "host": _TEXT,
    "user": _TEXT,
    "port": (int,),
    "security": _TEXT,
    "command": _TEXT,
    "ca_file": _TEXT,
    "fingerprint": _TEXT,
    "timeout": _NUMBER,
    "password_command": _TEXT,
    "password_file": _TEXT,
    "token_command": _TEXT,
    "allow_clear_text": _YES,
}
#: What somebody may look for, and what there is instead.
_ELSEWHERE = {
    "password": "Name where it is by password_file or password_command.",
    "token": "Name what writes it by token_command.",
}
_WORDS: dict[type, str] = {str: "text", int: "a number", bool: "true or false"}
_SECURITY = ("tls", "starttls", "plain")


def path() -> str:
    """Where the file is: what IMAPLIB2_CONFIG names, or its place below XDG_CONFIG_HOME."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.environ.get("IMAPLIB2_CONFIG") or os.path.join(base, "imaplib2", "config.toml")


def account(name: str) -> dict[str, Any] | None:
    """What the file says of the account *name*; None when it doesn't name it, or isn't there.

    Raises `Failure` for a file that can't be read or understood.
    """
    fields = names().get(name)
    return None if fields is None else _checked(name, fields)


def names() -> Mapping[str, Any]:
    """The accounts of the file, unchecked, by their names. Raises `Failure`."""
    text = _read()
    if text is None:
        return {}
    tomllib = _parser()
    try:
        accounts = tomllib.loads(text).get("accounts", {})
    # The latter of what is nested without end.
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise Failure(f"{path()} is no TOML: {problem}.", "", USAGE) from None
    if not isinstance(accounts, Mapping):
        raise _wrong("accounts must be tables: [accounts.NAME]")
    return accounts


def _read() -> str | None:
    try:
        with open(path(), encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise Failure(f"{path()} can't be read: {problem}.", "", USAGE) from None


def _parser() -> Any:
    """The module that reads TOML."""
    import importlib

    for name in ("tomllib", "tomli"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise Failure(
        f"To read {path()}, Python 3.10 needs the package tomli.",
        "Install it: pip install tomli; or use a newer Python.",
        USAGE,
    )


def _checked(name: str, fields: Any) -> dict[str, Any]:
    if not isinstance(fields, Mapping):
        raise _wrong(f"{name} must be a table: [accounts.{name}]")
    for key, value in fields.items():
        if key not in _KEYS:
            raise _wrong(f"the account {name} has an unknown key {key}", _about_keys(key))
        if type(value) not in _KEYS[key]:
            raise _wrong(f"{key} of the account {name} must be {_WORDS[_KEYS[key][0]]}")
    if "host" not in fields and "command" not in fields:
        raise _wrong(f"the account {name} has no host")
    return _normal(name, dict(fields))


def _normal(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """*fields* as `Account` has them."""
    import argparse

    from .values import fingerprint, port, seconds

    fields.setdefault("host", name)
    if fields.get("security", "tls") not in _SECURITY:
        raise _wrong(f"security of the account {name} must be one of {', '.join(_SECURITY)}")
    for key, read in (("port", port), ("timeout", seconds), ("fingerprint", fingerprint)):
        if key in fields:
            try:
                fields[key] = read(str(fields[key]))
            except argparse.ArgumentTypeError as problem:
                raise _wrong(f"{key} of the account {name}: {problem}") from None
    for key in ("ca_file", "password_file"):
        if key in fields:
            fields[key] = os.path.expanduser(fields[key])
    return fields


def _about_keys(wrong: str) -> str:
    return _ELSEWHERE.get(wrong, f"Known are {', '.join(_KEYS)}.")


def _wrong(what: str, advice: str = "") -> Failure:
    return Failure(f"In {path()}, {what}.", advice, USAGE)
