"""Imports point down, have no cycle, and keep the protocol pure."""

from __future__ import annotations

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import imaplib2

PACKAGE = Path(imaplib2.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip("."):
    path
    for path in PACKAGE.rglob("*.py")
}  # fmt: skip
PURE = sorted(name for name in MODULES if name.startswith("_protocol"))
#: What watchers know, but for those that connect, and wait.
KNOWING = [
    f"_watching.{name}"
    for name in ("account", "events", "messages", "pending", "questions", "state", "sync")
]

IMPURE = {
    "asyncio", "logging", "multiprocessing", "os", "queue", "random", "select", "selectors",
    "signal", "socket", "ssl", "subprocess", "sys", "threading", "time",
}  # fmt: skip

# From the top; a module imports only what stands beside or below it.
LAYERS = [
    {"__main__"},
    {"_cli.main"},
    {
        "_cli.check",
        "_cli.completion",
        "_cli.demo",
        "_cli.fetch",
        "_cli.ls",
        "_cli.push",
        "_cli.watch",
    },
    {
        "_cli.demonstration.keeping",
        "_cli.watching.programs",
        "_cli.demonstration.showing",
        "_cli.watching.watched",
    },
    {
        "_cli.watching.lookup",
        "_cli.watching.memory",
        "_cli.watching.news",
        "_cli.demonstration.race",
        "_cli.backup.tallies",
        "_cli.tree",
    },
    {"_cli.demonstration.servers"},
    {"_cli.demonstration.dovecot", "_cli.demonstration.embedded", "_cli.demonstration.slow_link"},
    {"_cli.demonstration.children", "_cli.demonstration.samples"},
    {"_cli.backup.downloads", "_cli.backup.reconnecting", "_cli.backup.uploads"},
    {
        "_cli.backup.store",
        "_cli.backup.foreign",
        "_cli.backup.surveys",
        "_cli.backup.pushed",
        "_cli.backup.outcomes",
    },
    {"_cli.backup.maildir", "_cli.backup.mbox", "_cli.backup.pipeline"},
    {
        "_cli.backup.entries",
        "_cli.backup.folder_names",
        "_cli.backup.identity",
        "_cli.backup.journal",
        "_cli.backup.line_ends",
    },
    {
        "_cli.checking.certificates",
        "_cli.mailboxes",
        "_cli.checking.report",
        "_cli.shells",
        "_cli.checking.trials",
    },
    {"_cli.accounts"},
    {"_cli.configuration"},
    {"_cli.advice", "_cli.passwords", "_cli.values"},
    {"_cli.console"},
    {"_cli.progress"},
    {"_cli.account", "_cli.answers", "_cli.signals", "_cli.text"},
    {"_cli.failures"},
    {"_cli.backup", "_cli.checking", "_cli.demonstration", "_cli.watching"},
    {"_cli"},
    {"", "imaplib2"},
    {"watching"},
    {"_watching"},
    {"_watching.watcher"},
    {"_watching.one_mailbox", "_watching.several"},
    {"_watching.keeper", "_watching.syncing"},
    {"_watching.presence"},
    {"_watching.outbox", "_watching.asking"},
    {"_watching.sync"},
    {"_watching.account"},
    {"_watching.messages", "_watching.pending", "_watching.state"},
    {"_watching.events", "_watching.questions"},
    {"_watching.failures", "_watching.sleeping"},
    {"parse"},
    {"parse._codes"},
    {"parse._mailboxes"},
    {"parse._about", "parse._access"},
    {"parse._namespace", "parse._results", "parse._status", "parse._thread"},
    {"parse._named"},
    {"parse._reading"},
    {"parse._sequence_set"},
    {"parse._ranges"},
    {"parse._fetch"},
    {"parse._usual_body"},
    {"parse._body"},
    {"parse._envelope", "parse._fields"},
    {"parse._values", "parse._words"},
    {"parse._answers", "parse._dates", "parse._numbers", "parse._save_name"},
    {"parse._errors"},
    {"flags", "mailbox_names"},
    {"_client"},
    {"_liveness", "_logins", "_methods", "_names", "_streams", "_submitting", "_upgrades"},
    {"_sasl"},
    {"_sasl.best"},
    {"_sasl.scram", "_sasl.oauth", "_sasl.external"},
    {"_sasl.attempts", "_sasl.channel_binding"},
    {"_issuing"},
    {"_futures"},
    {"_detour"},
    {"_link"},
    {"_late"},
    {"_hooks"},
    {"_idler", "_by_hand"},
    {"_by_hand.by_hand"},
    {"_by_hand.parts"},
    {"_by_hand.on_socket", "_by_hand.tagged_commands"},
    {"_by_hand.sending"},
    {"_by_hand.pulling"},
    {"_by_hand.inbox"},
    {"_by_hand.own_idle", "_by_hand.tags", "_by_hand.readable_socket"},
    {"_by_hand.port", "_by_hand.route"},
    {"_threads"},
    {"_threads.engine"},
    {"_threads.reader", "_threads.writer"},
    {"_threads.downloads", "_threads.literals"},
    {"_threads.gate"},
    {"_threads.callbacks", "_threads.sending", "_threads.polling", "_threads.uploads"},
    {"_threads.user_code", "_threads.ending", "_threads.silence", "_threads.pending"},
    {"_given"},
    {"_auth", "_trace", "_transport", "_dates"},
    {"_transport.methods", "_transport.tls", "_transport.process"},
    {"_transport.deflate", "_transport.files", "_transport.sockets", "_transport.tls_socket"},
    {"_transport.users_socket", "_transport.family", "_transport.tls_settings"},
    {"_transport.waiting", "_transport.hands", "_transport.base", "_checks"},
    {"_transport.kernel", "_clock", "_mutex", "_version"},
    {"_attributes", "_ready_socket", "_settings", "_signatures", "_types"},
    {"_protocol.connection"},
    {"_protocol.reception"},
    {"_protocol.dispatch"},
    {"_protocol.events", "_protocol.in_progress"},
    {"_protocol.collecting", "_protocol.output", "_protocol.session", "_protocol.upgrading"},
    {"_protocol.by_hand", "_protocol.refusals"},
    {"_protocol.command"},
    {"_protocol.bodies", "_protocol.exchange"},
    {"_protocol.claims", "_protocol.substitution", "_protocol.secrets", "_protocol.written"},
    {"_protocol.arguments", "_protocol.untagged"},
    {"_protocol.responses", "_protocol.commands", "_protocol.search_program"},
    {"_protocol.quoting"},
    {"_protocol.framing", "_protocol.message_set", "_protocol.mutf7", "_protocol.stored"},
    {"_protocol.runs"},
    {"_protocol.folding", "_protocol.idling", "_protocol.literals", "_protocol.parts"},
    {"_protocol.states", "_protocol.grammar", "_protocol.limits", "_protocol.values"},
    {"_protocol.identification", "_protocol.patience", "_protocol.tags"},
    {"_errors"},
    {"_protocol.patterns", "_protocol.records"},
    {"_hints"},
]
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}


@functools.cache
def nodes(name: str) -> list[ast.AST]:
    """All that the module *name* is written of."""
    return [*ast.walk(ast.parse(MODULES[name].read_text("utf-8")))]


def imports(name: str) -> Iterator[str]:
    """The full names of all modules that the module *name* imports, wherever it does so."""
    parents = MODULES[name].relative_to(PACKAGE.parent).parent.parts
    for node in nodes(name):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_imports(name: str) -> set[str]:
    """The modules of the package, without its name, that the module *name* imports.

    Not the package that it is in itself, which is imported before it in any case.
    """
    found = (full.partition(".")[2] for full in imports(name) if full.startswith("imaplib2."))
    own = {name, name.rpartition(".")[0], "_protocol"}
    return {module for module in found if module in MODULES} - own


def test_every_module_is_looked_at() -> None:
    assert {"", "_client", "_threads", "_protocol", "_protocol.connection"} <= MODULES.keys()
    assert "_protocol.connection" in own_imports("_threads.gate")
    assert "_protocol.message_set" in own_imports("_protocol.claims")
    assert "_threads.engine" in own_imports("_client")
    assert "_link" in own_imports("_detour")


def test_every_module_has_its_place() -> None:
    assert LEVELS.keys() == MODULES.keys() - {"_protocol"}


def test_every_package_is_installed() -> None:
    """They are found by their `__init__.py`: no folder with modules is without."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert folders == {path.parent for path in PACKAGE.rglob("__init__.py")}


def test_imports_have_no_cycle() -> None:
    graph = {name: own_imports(name) for name in MODULES}
    assert tuple(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", PURE + KNOWING)
def test_the_pure_parts_do_no_io_and_know_no_time(name: str) -> None:
    top_level = {module.partition(".")[0] for module in imports(name)}
    assert not top_level & IMPURE


@pytest.mark.parametrize("name", PURE)
def test_the_protocol_imports_nothing_above_it_but_exceptions_and_hints(name: str) -> None:
    above = {module for module in own_imports(name) if not module.startswith("_protocol")}
    assert above <= {"_errors", "_hints"}


@pytest.mark.parametrize("name", sorted(LEVELS))
def test_imports_point_down(name: str) -> None:
    levels = {module: LEVELS[module] for module in own_imports(name) if module in LEVELS}
    assert not {module for module, level in levels.items() if level < LEVELS[name]}


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in MODULES.keys() - {"", "imaplib2", "_client", "__main__"}
        if not name.startswith("_cli")
    ),
)
def test_nothing_but_the_public_modules_imports_the_client(name: str) -> None:
    assert not own_imports(name) & {"", "imaplib2", "_client"}


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("_transport")))
def test_the_transport_knows_nothing_of_imap(name: str) -> None:
    assert not {module for module in own_imports(name) if module.startswith("_protocol")}


#: What tells the time, or goes by the time that programs may freeze: the functions of the module
#: time, and what is written in Python and asks them how long it has waited.
FREEZABLE = {
    "communicate", "LifoQueue", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
    "PriorityQueue", "Queue", "Semaphore", "time", "time_ns", "Timer", "wait_for",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(MODULES))
def test_there_is_one_clock(name: str) -> None:
    used = {node.attr for node in nodes(name) if isinstance(node, ast.Attribute)}
    assert not used & FREEZABLE
    assert not {
        module for module in imports(name) if module.startswith(("time.", "queue.", "threading."))
    }


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"_protocol.patterns"}))
def test_patterns_are_compiled_when_they_are_used(name: str) -> None:
    used = {ast.unparse(node) for node in nodes(name) if isinstance(node, ast.Attribute)}
    assert "re.compile" not in used


#: Where there may be a lock, and why it can't stay taken: see the module.
LOCKS = {
    ("_mutex", "RLock"),
    ("_mutex", "Lock"),  # a signal, which nobody holds
    ("_threads.pending", "Lock"),  # the same, for a waiter
    ("_idler", "Lock"),  # taken for good
}


@pytest.mark.parametrize("name", MODULES)
def test_no_lock_is_taken_that_an_exception_could_leave_taken(name: str) -> None:
    """Not even by what `threading` has, which takes its own locks by ``with``."""
    primitives = {"Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier"}
    found = {
        (name, node.attr)
        for node in nodes(name)
        if isinstance(node, ast.Attribute) and node.attr in primitives
    }
    assert "threading" not in {
        node.module for node in nodes(name) if isinstance(node, ast.ImportFrom)
    }
    assert found <= LOCKS
    entered = [
        ast.unparse(item.context_expr)
        for node in nodes(name)
        if isinstance(node, ast.With)
        for item in node.items
        if not isinstance(item.context_expr, ast.Call)
    ]
    assert not entered
