"""Every name that programs use exists, where they look for it, in the form that they expect."""

from __future__ import annotations

import imaplib
import importlib
import inspect
import pickle
import re
import subprocess
import sys
import types
from typing import Any

import pytest

import imaplib2
from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream

historical: types.ModuleType = importlib.import_module("imaplib2.imaplib2")


def words(text: str) -> list[str]:
    return text.split()


NAMES = words(
    """
    IMAP4 IMAP4_SSL IMAP4_stream Internaldate2tuple Internaldate2Time Time2Internaldate ParseFlags
    Int2AP Commands Debug IMAP4_PORT IMAP4_SSL_PORT CRLF AllowedVersions NONAUTH AUTH SELECTED
    LOGOUT MonthNames Months Mon2num InternalDate Flags MapCRLF Literal Response_code
    Untagged_response Untagged_status Continuation IDLE_TIMEOUT READ_SIZE READ_POLL_TIMEOUT
    TLS_SECURE TLS_NO_SSL TLS_COMPAT version __version__ __release__ __revision__
    """
)

#: Methods named after commands, and their kin; they exist in UPPER CASE as well.
METHODS = words(
    """
    append authenticate capability check close copy create delete deleteacl enable examine expunge
    fetch getacl getannotation getmetadata getquota getquotaroot id idle list login login_cram_md5
    login_plain logout lsub move myrights namespace noop partial proxyauth recent rename response
    search select setacl setannotation setmetadata setquota sort starttls status store subscribe
    thread uid unselect unsubscribe xatom
    """
)

HELPERS = words(
    """
    enable_compression pop_untagged_responses socket open open_socket read send shutdown
    start_compressing ssl_wrap_socket _create_socket _simple_command _untagged_response
    _get_untagged_response _quote _checkquote _command _command_complete _log _mesg print_log
    _print_log
    """
)


class Unconnected(IMAP4):
    def open(self, *args: Any) -> None:
        """Do without a connection."""

    def _connect(self) -> None:
        """Nor is anybody greeted."""


# -- The modules ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_same_object_on_the_package_and_on_the_historical_module(name: str) -> None:
    assert getattr(imaplib2, name) is getattr(historical, name)


def test_all_holds_exactly_the_names_that_are_promised() -> None:
    assert sorted(imaplib2.__all__) == sorted(set(NAMES))
    assert sorted(historical.__all__) == sorted(set(NAMES))


def test_the_historical_module_can_be_imported_in_every_way() -> None:
    assert imaplib2.imaplib2 is historical
    space: dict[str, Any] = {}
    exec("from imaplib2.imaplib2 import *", space)
    exec("from imaplib2 import IMAP4, imaplib2 as module", space)
    assert space["IMAP4"] is IMAP4
    assert space["module"] is historical


def run(program: str) -> None:
    """In an interpreter of its own, which has imported nothing of ours yet."""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=30)


def test_the_historical_module_is_there_without_being_imported() -> None:
    run("import imaplib2; assert imaplib2.imaplib2.IMAP4 is imaplib2.IMAP4")


@pytest.mark.parametrize(
    "again",
    [
        "importlib.reload(imaplib2)",
        "importlib.reload(imaplib2.imaplib2)",
        "del sys.modules['imaplib2.imaplib2']; import imaplib2.imaplib2",
        "pass",
    ],
)
def test_what_is_set_on_either_module_is_set_on_both(again: str) -> None:
    run(
        "import importlib, sys, imaplib2\n"
        "imaplib2.Debug = 4\n"
        f"{again}\n"
        "from imaplib2 import imaplib2 as module\n"
        "import imaplib2.imaplib2\n"
        "module.Debug = 3\n"
        "assert (imaplib2.Debug, imaplib2.imaplib2.Debug) == (3, 3)\n"
        "imaplib2.Debug = 0\n"
        "assert (module.Debug, imaplib2.imaplib2.Debug) == (0, 0)\n"
    )


@pytest.mark.parametrize("values", [(4, 0), (0, 4), (2, 3), (3, None)])
def test_the_debug_level_that_was_set_last_counts(
    monkeypatch: pytest.MonkeyPatch, values: tuple[int | None, int | None]
) -> None:
    for modules in ((imaplib2, historical), (historical, imaplib2)):
        for module, level in zip(modules, values, strict=True):
            monkeypatch.setattr(module, "Debug", level)
        assert Unconnected().debug == (values[1] or 0)


def test_names_of_the_historical_module_can_be_unpickled() -> None:
    for module in ("imaplib2", "imaplib2.imaplib2"):
        stored = f"c{module}\nInt2AP\n.".encode()
        assert pickle.loads(stored) is imaplib2.Int2AP
    assert pickle.loads(pickle.dumps(IMAP4)) is IMAP4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAP4_PORT", 143),
        ("IMAP4_SSL_PORT", 993),
        ("CRLF", b"\r\n"),
        ("AllowedVersions", ("IMAP4REV1", "IMAP4")),
        ("NONAUTH", "NONAUTH"),
        ("AUTH", "AUTH"),
        ("SELECTED", "SELECTED"),
        ("LOGOUT", "LOGOUT"),
        ("IDLE_TIMEOUT", 29 * 60),
        ("TLS_SECURE", "tls_secure"),
        ("TLS_NO_SSL", "tls_no_ssl"),
        ("TLS_COMPAT", "tls_compat"),
        ("Debug", 0),
    ],
)
def test_a_constant_has_its_value(name: str, value: Any) -> None:
    assert getattr(imaplib2, name) == value


@pytest.mark.parametrize(
    "name",
    ["IMAP4_PORT", "IMAP4_SSL_PORT", "CRLF", "AllowedVersions", "Debug", "Mon2num", "Months"],
)
def test_a_constant_of_imaplib_has_the_value_that_it_has_there(name: str) -> None:
    assert getattr(imaplib2, name) == getattr(imaplib, name)


@pytest.mark.parametrize("name", ["READ_SIZE", "READ_POLL_TIMEOUT", "IDLE_TIMEOUT"])
def test_sizes_and_times_are_positive_numbers(name: str) -> None:
    assert getattr(imaplib2, name) > 0


def test_the_version_is_told_as_text_and_as_numbers() -> None:
    assert imaplib2.version() == imaplib2.__version__
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", imaplib2.__version__)
    numbers = imaplib2.version(use_tuple=True)
    assert imaplib2.version(True) == numbers
    assert ".".join(map(str, numbers)) == imaplib2.__version__
    assert isinstance(imaplib2.__release__, str)
    assert isinstance(imaplib2.__revision__, str)


@pytest.mark.parametrize("module", [imaplib2, historical])
def test_debug_of_the_module_is_the_default_of_later_instances(
    module: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Debug", 4)
    assert Unconnected().debug == 4
    assert Unconnected(debug=1).debug == 1
    assert Unconnected(debug=0).debug == 0


# -- The classes ---------------------------------------------------------------------------------


def test_the_exceptions_are_attributes_of_class_and_instance() -> None:
    client = Unconnected()
    for owner in (IMAP4, IMAP4_SSL, IMAP4_stream, client):
        assert owner.error is IMAP4.error
        assert owner.abort is IMAP4.abort
        assert owner.readonly is IMAP4.readonly
    assert issubclass(IMAP4.readonly, IMAP4.abort)
    assert issubclass(IMAP4.abort, IMAP4.error)
    assert issubclass(IMAP4.error, Exception)


@pytest.mark.parametrize("kind", [IMAP4_SSL, IMAP4_stream])
def test_the_classes_are_kinds_of_imap4(kind: type[IMAP4]) -> None:
    assert issubclass(kind, IMAP4)


TRACING = "debug=None, debug_file=None, identifier=None, debug_buf_lvl=None"
READY = "sock=None, identify=None"
TLS_OPTIONS = "ssl_version='ssl23', tls_level='tls_compat'"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (IMAP4.__init__, f"host=None, port=None, timeout=None, *, {TRACING}, {READY}"),
        (IMAP4_SSL.__init__,
         "host=None, port=None, keyfile=None, certfile=None, ca_certs=None, timeout=None, *, "
         f"cert_verify_cb=None, {TLS_OPTIONS}, ssl_context=None, {TRACING}, {READY}"),
        (IMAP4_stream.__init__, f"command, *, timeout=None, {TRACING}, identify=None"),
        (IMAP4.open, "host='', port=None, timeout=None"),
    ],
)  # fmt: skip
def test_a_constructor_has_its_signature(function: Any, expected: str) -> None:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    assert str(inspect.Signature(bare)) == f"({expected})"


@pytest.mark.parametrize("timeout", [0, 0.0, -1])
def test_a_timeout_of_zero_is_refused_before_anything_happens(timeout: float) -> None:
    for make in (IMAP4, IMAP4_SSL):
        with pytest.raises(ValueError, match="timeout"):
            make("host.invalid", timeout=timeout)
    with pytest.raises(ValueError, match="timeout"):
        IMAP4_stream("exit 1", timeout=timeout)


@pytest.mark.parametrize("name", [*METHODS, *HELPERS])
def test_a_method_exists_on_every_class(name: str) -> None:
    for kind in (IMAP4, IMAP4_SSL, IMAP4_stream):
        assert callable(getattr(kind, name))


def test_ssl_is_a_method_of_imap4_ssl() -> None:
    assert callable(IMAP4_SSL.ssl)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_exists_in_upper_case(name: str) -> None:
    client = Unconnected()
    assert getattr(client, name.upper()) == getattr(client, name)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_a_subclass_is_the_one_in_upper_case(name: str) -> None:
    kind = type("Kind", (Unconnected,), {name: lambda self: "mine"})
    assert getattr(kind(), name.upper())() == "mine"


#: Of imaplib's classes; see docs/migrating/imaplib.rst.
NOT_KEPT = words("file readfile writefile tagpre tagre tagnum _cmd_log _astring _list_mailbox")


@pytest.mark.parametrize("name", ["FOO", "foo", "Select", "_CALL", "_SUBMIT", "SELECT_", *NOT_KEPT])
def test_an_unknown_method_is_an_attribute_error(name: str) -> None:
    client = Unconnected()
    assert not hasattr(client, name)
    with pytest.raises(AttributeError, match=re.escape(name)):
        getattr(client, name)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_a_callback_and_its_argument(name: str) -> None:
    parameters = inspect.signature(getattr(IMAP4, name)).parameters
    for option in ("callback", "cb_arg"):
        assert parameters[option].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[option].default is None


#: Where our signature has to differ from that of imaplib, older versions of which we match.
NEWER = {
    "login_cram_md5", "idle", "starttls", "login_plain", "id", "getmetadata", "setmetadata",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in METHODS if hasattr(imaplib.IMAP4, name)])
def test_a_method_takes_what_that_of_imaplib_takes(name: str) -> None:
    theirs = inspect.signature(getattr(imaplib.IMAP4, name)).parameters
    ours = inspect.signature(getattr(IMAP4, name)).parameters
    for parameter in theirs.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            assert any(mine.kind is parameter.kind for mine in ours.values())
        elif name not in NEWER:
            assert parameter.name in ours
            if parameter.default is not inspect.Parameter.empty:
                assert ours[parameter.name].default is not inspect.Parameter.empty
    positional = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    if name not in NEWER:
        their_names = [each.name for each in theirs.values() if each.kind in positional]
        our_names = [each.name for each in ours.values() if each.kind in positional]
        assert our_names[: len(their_names)] == their_names


@pytest.mark.parametrize(
    "name", ["copy", "move", "fetch", "store", "search", "sort", "thread", "expunge"]
)
def test_a_method_about_messages_takes_uid_by_name(name: str) -> None:
    parameter = inspect.signature(getattr(IMAP4, name)).parameters["uid"]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    assert parameter.default is False


@pytest.mark.parametrize("name", ["search", "fetch", "sort", "thread", "uid"])
def test_a_method_with_criteria_or_items_takes_params_by_name(name: str) -> None:
    parameter = inspect.signature(getattr(IMAP4, name)).parameters["params"]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    assert parameter.default is None


@pytest.mark.parametrize(
    "name",
    words(
        """
        state capabilities welcome PROTOCOL_VERSION host port sock identifier mailbox is_readonly
        utf8_enabled Terminate read_fd compressor decompressor literal tagged_commands
        untagged_responses debug timeout
        """
    ),
)
def test_an_attribute_exists_on_instances(name: str) -> None:
    assert hasattr(Unconnected(), name)


def test_host_and_port_have_defaults() -> None:
    for host in (None, ""):
        client = Unconnected(host)
        assert client.host == ""
        assert client.port == 143
    assert Unconnected("example.org", 1430).port == 1430
    assert Unconnected("example.org", "1430").port == 1430


def test_an_instance_shows_itself_at_any_time() -> None:
    class Own(Unconnected):
        def __init__(self) -> None:
            self.shown = f"{self!r} {self}"
            super().__init__("example.org")

    client = Own()
    assert client.shown == "<Own unconnected> <Own unconnected>"
    assert repr(client) == "<Own example.org:143 LOGOUT>"
    assert repr(Own.__new__(Own)) == "<Own unconnected>"


def test_tagged_commands_may_be_assigned() -> None:
    client = Unconnected()
    client.tagged_commands = {b"a": None}
    assert client.tagged_commands == {b"a": None}
    client.tagged_commands = {b"b": ("OK", [b"done"])}
    assert client.tagged_commands == {b"b": ("OK", [b"done"])}
    client.tagged_commands = {}
    assert client.tagged_commands == {}


def test_untagged_responses_may_be_assigned_as_list_and_as_dict() -> None:
    client = Unconnected()
    client.untagged_responses = {}
    assert "EXISTS" not in client.untagged_responses
    client.untagged_responses = {"EXISTS": [b"3"]}
    assert client.untagged_responses["EXISTS"] == [b"3"]
    client.untagged_responses = [["RECENT", [b"1"]]]
    assert client.untagged_responses["RECENT"] == [b"1"]
    assert client.untagged_responses.get("EXISTS") is None


# -- The patterns --------------------------------------------------------------------------------

PATTERNS = words(
    """
    InternalDate Flags MapCRLF Literal Response_code Untagged_response Untagged_status Continuation
    """
)

LINES = [
    b"* 3 EXISTS",
    b"* 3 FETCH (FLAGS (\\Seen) UID 7)",
    b'* 3 FETCH (INTERNALDATE "01-Jan-2024 01:02:03 +0100")',
    b'3 (UID 7 INTERNALDATE " 1-Jan-2024 01:02:03 -0130" FLAGS (a b))',
    b'INTERNALDATE "1-Jan-2024 01:02:03 -0130"',
    b"* LIST (\\HasNoChildren) \"/\" INBOX",
    b"* LIST () \"/\" {5}",
    b"* SEARCH",
    b"* SEARCH 1 2 3",
    b"* OK [UIDVALIDITY 3857529045] UIDs valid",
    b"* OK [READ-WRITE] done",
    b"* OK",
    b"* BYE",
    b"* FLAGS (\\Answered \\Flagged)",
    b"[READ-WRITE] done",
    b"[PERMANENTFLAGS (\\Seen \\*)] Limited",
    b"[UIDNEXT 4392] Predicted next UID",
    b"[CAPABILITY IMAP4REV1 AUTH=PLAIN]",
    b"A1 OK done",
    b"+ idling",
    b"+",
    b"+ ",
    b"+OK",
    b"BODY[] {342}",
    b"BODY[] {342} ",
    b"{0}",
    b"{}",
    b"FLAGS ()",
    b"FLAGS (",
    b"a\r\nb",
    b"a\rb",
    b"a\nb",
    b"",
    b"\xff\xfe",
]  # fmt: skip


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_of_bytes_and_has_the_groups_of_imaplib(name: str) -> None:
    ours, theirs = getattr(imaplib2, name), getattr(imaplib, name)
    assert isinstance(ours.pattern, bytes)
    assert ours.groupindex.keys() == theirs.groupindex.keys()


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("line", LINES)
def test_a_pattern_matches_what_that_of_imaplib_matches(name: str, line: bytes) -> None:
    for method in ("match", "search"):
        ours = getattr(getattr(imaplib2, name), method)(line)
        theirs = getattr(getattr(imaplib, name), method)(line)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert ours.groupdict() == theirs.groupdict()


def test_map_crlf_makes_every_line_end_crlf() -> None:
    assert imaplib2.MapCRLF.sub(imaplib2.CRLF, b"a\rb\nc\r\nd") == b"a\r\nb\r\nc\r\nd"


def test_a_flag_with_a_bracket_stays_within_its_response_code() -> None:
    found = imaplib2.Response_code.match(rb"[PERMANENTFLAGS (\Seen [test] \*)] Limited")
    assert found is not None
    assert found["data"] == rb"(\Seen [test] \*)"
