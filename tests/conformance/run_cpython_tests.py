"""Run tests of the interpreter's own ``test.test_imaplib`` with imaplib2 in place of imaplib.

    python -I -X dev run_cpython_tests.py DIRECTORY_OF_IMAPLIB2

The first line that comes out is ``{"tests": [name, ...]}``, or ``{"missing": why}`` where the
interpreter has none. Then each name that goes in, one in a line, is run and answered by
``{"outcome": "passed" | "failed" | "skipped", "text": why}``; a test that takes too long ends the
process instead. Everything but the answers goes to the standard error.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib.util
import json
import os
import socketserver
import sys
import threading
import unittest
from collections.abc import Iterator
from typing import Any, TextIO

SECONDS = 30.0
"""How long a test may take."""

_MODULE = "test.test_imaplib"
_Answer = dict[str, Any]
_uncaught: list[str] = []


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    import imaplib2

    del sys.path[0]  # it may hold more than the package, and this is about the interpreter's tests
    sys.modules["imaplib"] = imaplib2
    with _take_stdout() as answers:

        def answer(content: _Answer) -> None:
            print(json.dumps(content), file=answers, flush=True)

        try:
            module = _prepared_module()
        except (ModuleNotFoundError, unittest.SkipTest) as problem:
            answer({"missing": str(problem)})
            return
        _note_uncaught_exceptions()
        answer({"tests": sorted(_names(unittest.defaultTestLoader.loadTestsFromModule(module)))})
        for line in sys.stdin:
            answer(_run(line.strip()))


def _take_stdout() -> TextIO:
    """The standard output, for the answers alone; what tests print goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _prepared_module() -> Any:
    """The test module; ModuleNotFoundError or SkipTest where it is missing or has no use."""
    if importlib.util.find_spec(_MODULE) is None:
        raise ModuleNotFoundError(f"this Python comes without {_MODULE}")
    support: Any = importlib.import_module("test.support")
    support.verbose = 0
    # 'network' is not among them: nothing but the loopback interface is used.
    support.use_resources = {"walltime": None}
    # The servers serve one client at a time, and in some tests there is another one before, which
    # they wait for in vain: as long as this.
    support.LOOPBACK_TIMEOUT = 2.0
    # What they send in two pieces needn't wait for the delayed ACK of the first.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    module = importlib.import_module(_MODULE)
    if module.ssl is not None:
        _trust(module.ssl, module.CAFILE)
    return module


def _note_uncaught_exceptions() -> None:
    """Keep those that no test sees, for `_run`; the interpreter's own runner fails tests so."""
    unraisable, uncaught = sys.unraisablehook, threading.excepthook

    def unraisablehook(problem: Any) -> None:
        _uncaught.append(repr(problem.exc_value))
        unraisable(problem)

    def excepthook(problem: Any) -> None:
        _uncaught.append(repr(problem.exc_value))
        uncaught(problem)

    sys.unraisablehook, threading.excepthook = unraisablehook, excepthook


def _trust(ssl: Any, ca_file: str) -> None:
    """Accept the test servers' certificate where a test says nothing of TLS.

    imaplib verifies nothing then; we do, by intention. The certificate is issued for localhost by
    a CA of CPython's own, and the tests connect to 127.0.0.1. Contexts that tests make themselves
    aren't made by this function, and stay as they are.
    """
    create = ssl.create_default_context

    def create_default_context(*args: Any, **options: Any) -> Any:
        context = create(*args, **options)
        context.load_verify_locations(ca_file)
        context.check_hostname = False
        return context

    ssl.create_default_context = create_default_context


def _names(suite: unittest.TestSuite) -> Iterator[str]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _names(test)
        else:
            yield test.id().removeprefix(f"{_MODULE}.")


def _run(name: str) -> _Answer:
    support: Any = sys.modules["test.support"]
    support.environment_altered = False  # set by CPython's helpers, for instance for lost threads
    _uncaught.clear()
    result = unittest.TestResult()
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    unittest.defaultTestLoader.loadTestsFromName(f"{_MODULE}.{name}").run(result)
    # What this test has left must neither fail in the next one nor disturb the count of threads
    # that CPython's helpers make there.
    gc.collect()
    faulthandler.cancel_dump_traceback_later()
    failed = [text for _, text in (*result.errors, *result.failures)]
    failed += ["unexpected success"] * len(result.unexpectedSuccesses)
    failed += [f"not caught: {problem}" for problem in _uncaught]
    if support.environment_altered:
        failed.append("something is left behind")
    if failed:
        return {"outcome": "failed", "text": "\n".join(failed)}
    if result.skipped:
        return {"outcome": "skipped", "text": "; ".join(reason for _, reason in result.skipped)}
    return {"outcome": "passed", "text": ""}


if __name__ == "__main__":
    main()
