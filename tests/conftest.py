"""What holds for all tests: none leaves anything behind. And the servers, scripted and real."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from .needs import missed, need, skip
from .systems import SYSTEM, emulate, excuse

if TYPE_CHECKING:
    from .live.courier import Courier
    from .live.cyrus import Cyrus
    from .live.dovecot import Dovecot
    from .server.contexts import Contexts
    from .server.scripted import Proxy, ScriptedServer

if SYSTEM and os.name != "nt":
    emulate(SYSTEM)

# How long an example takes says more about the machine than about the code; pytest-timeout ends
# what hangs.
settings.register_profile("imaplib2", deadline=None)
settings.load_profile("imaplib2")

_SECONDS = 5.0
"""How long what is about to end may take to do so."""

_FAILED = pytest.StashKey[bool]()

_SLOW = {
    "conformance",
    "fuzz",
    "live",
    "soak",
    "windows",
    "cli/with_server/test_fetch.py",
    "cli/with_server/test_push.py",
    "client/test_hostile_input.py",
    "client/test_private_names.py",
    "client/with_server/test_pipelining.py",
    "client/with_server/test_secrets.py",
    "core/test_arguments_properties.py",
    "core/test_connection_properties.py",
    "core/test_limits.py",
    "core/test_linear.py",
    "faults/test_faults.py",
    "faults/test_printable.py",
    "faults/test_tls_attacks.py",
    "threads/with_server/test_deadlines.py",
    "threads/with_server/test_injection.py",
    "threads/with_server/test_process.py",
    "threads/with_server/test_silence.py",
    "threads/with_server/test_streamed_memory.py",
    "threads/with_server/test_stress.py",
    "transport/with_server/test_socket_likes.py",
}
"""Folders and files that take most of the time; others look into the same parts, more briefly."""

_ROOMS = {
    *("core", "threads", "transport", "by_hand", "client", "sasl", "parse", "watching", "cli"),
}
"""Folders whose files are named after the modules of the package: see tests/test_mirror.py."""


# Servers are imported where a test asks for one: most tests have to do with none.
@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """A factory with the arguments of `ScriptedServer`; failures of scripts fail the test."""
    from .server.scripted import ScriptedServer

    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(ScriptedServer(*args, **kwargs))


@pytest.fixture
def proxy() -> Iterator[Callable[..., Proxy]]:
    """A factory: `proxy(server, delay=0.05)`; the server needs only `host` and `port`."""
    from .server.scripted import Proxy

    with ExitStack() as stack:
        yield lambda server, **kwargs: stack.enter_context(
            Proxy((server.host, server.port), **kwargs)
        )


@pytest.fixture
def _filters() -> None:
    """What the `black_hole` of a proxy needs; where containers forbid it, nobody can have it."""
    from .server.scripted import filters_missing

    if reason := filters_missing():
        skip(reason)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """Contexts with a certificate for localhost, 127.0.0.1 and ::1."""
    from .server.contexts import make_contexts

    return make_contexts(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A running Dovecot."""
    from .live.dovecot import Dovecot

    yield from _running(Dovecot)


@pytest.fixture(scope="session")
def cyrus() -> Iterator[Cyrus]:
    """A running Cyrus."""
    from .live.cyrus import Cyrus

    yield from _running(Cyrus)


@pytest.fixture(scope="session")
def courier() -> Iterator[Courier]:
    """A running Courier; where containers forbid what it takes, nobody can have one."""
    from .live.courier import Courier

    if reason := Courier.forbidden():
        skip(reason)
    yield from _running(Courier)


def _running(kind: type[Any]) -> Iterator[Any]:
    """A server of a *kind*, as a fixture, where it can run."""
    need(kind.missing(), kind.__name__)
    with kind() as server:
        yield server


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    """The name of a user with empty mailboxes; the password is tests.live.server.PASSWORD."""
    return dovecot.new_user()


@pytest.fixture(scope="module", autouse=True)
def settled_heap() -> None:
    """Spare the module's garbage collections a look at what pytest holds.

    That is a lot: thousands of tests, and the reports of those that are done.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow and what is pure; skip what can't hold on this (emulated) system."""
    for item in items:
        folder, _, name = item.nodeid.partition("::")[0].rpartition("/")
        folder = folder.removeprefix("tests/")
        if folder.partition("/")[0] in _SLOW or f"{folder}/{name}" in _SLOW:
            item.add_marker(pytest.mark.slow)
        if _is_pure(item.path):
            item.add_marker(pytest.mark.pure)
        if reason := excuse(item.nodeid):
            item.add_marker(pytest.mark.skip(reason=reason))


@cache
def _is_pure(path: Path) -> bool:
    """Whether the tests of a file have to do with modules only, and with no server."""
    folder = path.relative_to(Path(__file__).parent).parts[:-1]
    return not folder or (folder[0] in _ROOMS and "with_server" not in folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


# Here, as pytest-xdist's first process does not get to know the conftest of tests/soak.
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have measured; and, in one line, what was missing."""
    _print_figures(terminalreporter)
    if missed:
        terminalreporter.line(f"Not all was tested: {'; '.join(sorted(missed))}", yellow=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of several processes that share the tests, each tells the first one what it has missed."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missed"] = sorted(missed)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Such a process has ended, by itself or not."""
    missed.update(getattr(node, "workeroutput", {}).get("missed", ()))


def _print_figures(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, value in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        terminalreporter.line(figure)


# Fixtures of a wider scope are set up before this one, and the test's other fixtures after it:
# what the former start isn't counted, what the latter forget is.
@pytest.fixture(autouse=True)
def no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves something behind; pure ones have nothing to leave."""
    if _is_pure(request.path):
        yield
        return
    before = _Held()
    yield
    if request.node.stash.get(_FAILED, False):
        return  # its traceback keeps alive whatever it used
    if _Held().since(before):
        gc.collect()  # only now, because it takes longer than most tests
        _await_end(before)


def _await_end(before: _Held) -> None:
    deadline = time.monotonic() + _SECONDS
    for thread in _Held().threads - before.threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    while leaks := _Held().since(before):
        if time.monotonic() > deadline:
            pytest.fail("left behind: " + ", ".join(leaks), pytrace=False)
        time.sleep(0.01)  # nothing tells when somebody else's thread closes a descriptor


def _descriptors() -> set[tuple[int, str]]:
    """Number and target of every open descriptor; empty where the system doesn't tell."""
    found = set()
    for link in _listed(Path("/proc/self/fd")):
        try:
            found.add((int(link.name), os.readlink(link)))
        except FileNotFoundError:
            continue  # the listing's own
    return found


def _children() -> set[int]:
    """The process ids of our children; empty where the system doesn't tell."""
    found: set[int] = set()
    for task in _listed(Path("/proc/self/task")):
        try:
            found.update(map(int, (task / "children").read_text("ascii").split()))
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread has ended meanwhile
    return found


def _listed(directory: Path) -> list[Path]:
    if os.name == "nt":  # what Wine shows there is Linux's, and makes no sense to Windows
        return []
    return list(directory.iterdir()) if directory.is_dir() else []


@dataclass(frozen=True)
class _Held:
    """What this process holds at present."""

    threads: set[threading.Thread] = field(default_factory=lambda: set(threading.enumerate()))
    descriptors: set[tuple[int, str]] = field(default_factory=_descriptors)
    children: set[int] = field(default_factory=_children)

    def since(self, before: _Held) -> list[str]:
        """What has been added, in words."""
        return [
            *(f"thread {thread.name}" for thread in self.threads - before.threads),
            *(f"descriptor {n}: {target}" for n, target in self.descriptors - before.descriptors),
            *(f"child process {pid}" for pid in self.children - before.children),
        ]
