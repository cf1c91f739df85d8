"""Private names: what a subclass of the other libraries' classes has is not used by ours.

A program may replace, set or call a private method of ``imaplib``'s classes. Where ours have that
name, too, it must mean the same; no other private name of theirs may be taken.
"""

from __future__ import annotations

import ast
import imaplib
import inspect
import textwrap
from collections.abc import Iterator

import pytest

import imaplib2
from imaplib2 import _client


def words(text: str) -> list[str]:
    """Names, one after the other."""
    return text.split()


CLASSES = ("IMAP4", "IMAP4_SSL", "IMAP4_stream")

#: Private names of the classes of ``imaplib``, methods and attributes, by version.
_OF_ALL = words(
    """
    _CRAM_MD5_AUTH _append_untagged _check_bye _cmd_log _cmd_log_idx _cmd_log_len _command
    _command_complete _connect _create_socket _dump_ur _encoding _get_capabilities _get_line
    _get_response _get_tagged_response _log _match _mesg _mode_ascii _mode_utf8 _new_tag _quote
    _simple_command _tls_established _untagged_response
    """
)
_OF_3_14 = words(
    """
    _astring _atom _fetch_parts _file _idle_capture _idle_responses _list_mailbox _readbuf
    _refresh_capabilities _responsetimeout _sequence_set _set_quote
    """
)
_OF_3_15 = ["_close_imaplib_file", "_imaplib_file"]
#: Those of the historical imaplib2 3.6.
_HISTORICAL = words(
    """
    _CRAM_MD5_AUTH _P _accumulated_data _append_untagged _check_bye _choose_nonull_or_dflt
    _close_threads _cmd_log _cmd_log_idx _cmd_log_len _command _command_complete _command_completer
    _deliver_dat _deliver_exc _dump_ur _encoding _end_idle _expecting_data _expecting_data_len
    _get_capabilities _get_untagged_response _handler _init_debug _literal _literal_expected _log
    _match _mesg _mode_ascii _mode_utf8 _print_log _put_response _quote _reader
    _release_state_change _request_pop _request_push _simple_command _tls_established
    _untagged_response _untagged_status _writer
    """
)
THEIRS = {*_OF_ALL, *_OF_3_14, *_OF_3_15, *_HISTORICAL}

#: Names of theirs that ours have with the same meaning.
SAME_MEANING = set(
    words(
        """
        _choose_nonull_or_dflt _command _command_complete _connect _create_socket _dump_ur
        _encoding _get_capabilities _get_line _get_response _get_untagged_response _log _mesg
        _new_tag _print_log _quote _release_state_change _simple_command _tls_established
        _untagged_response
        """
    )
)


def _attributes(tree: ast.AST) -> Iterator[str]:
    """What methods read and set of ``self``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            yield node.attr


def _private(module: object) -> set[str]:
    """The private names that the classes of *module* have, and their instances."""
    names: set[str] = set()
    classes = {cls for each in CLASSES for cls in getattr(module, each).__mro__} - {object}
    for cls in classes:
        names.update(vars(cls), _attributes(ast.parse(textwrap.dedent(inspect.getsource(cls)))))
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


OURS = _private(_client)


def test_all_names_are_found() -> None:
    assert {"_call", "_engine", "_default_port", "_has_process", "_core"} <= OURS
    assert {"_connect", "_mode_utf8", "_cmd_log", "_tls_established"} <= _private(imaplib)
    assert set(_OF_ALL) <= _private(imaplib)
    assert {name for cls in imaplib2.IMAP4.__mro__ for name in vars(cls)} & OURS


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_private_name_of_ours_is_nobody_elses(name: str) -> None:
    assert name in SAME_MEANING or name not in THEIRS | _private(imaplib)


@pytest.mark.parametrize("name", sorted(SAME_MEANING))
def test_a_private_name_with_the_same_meaning_is_there(name: str) -> None:
    assert name in OURS
    assert name in THEIRS


@pytest.mark.parametrize("name", sorted(SAME_MEANING & _private(imaplib)))
def test_a_private_method_takes_what_that_of_imaplib_takes(name: str) -> None:
    theirs, ours = getattr(imaplib.IMAP4, name, None), getattr(imaplib2.IMAP4, name, None)
    if not inspect.isfunction(theirs):
        return
    for parameter in inspect.signature(theirs).parameters.values():
        mine = inspect.signature(ours).parameters  # type: ignore[arg-type]
        if parameter.kind is parameter.VAR_POSITIONAL:
            assert any(each.kind is parameter.kind for each in mine.values())
    required = [
        each
        for each in inspect.signature(ours).parameters.values()  # type: ignore[arg-type]
        if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    assert len(required) <= len(inspect.signature(theirs).parameters)
