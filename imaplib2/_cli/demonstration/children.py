"""Programs of ours beside a command: modules of this package, in a process of their own.

Such a module has ``main()``, which reads one line of JSON from standard input, writes one with what
the parent wants to know, calls `end_with_parent`, and works.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Coroutine, Iterator

from ..._hints import Any
from ..failures import Failure

#: Seconds that a program has for its first line, and for its end.
_PATIENCE = 20.0


@contextlib.contextmanager
def child(module: str, told: Any) -> Iterator[Any]:
    """Run *module* of this package until the ``with`` statement ends; gives what it has written.

    *told* is what it is told: by a pipe, as others see the arguments and environments of processes.
    Raises `Failure` when it ends before it has written anything.
    """
    import tempfile

    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.{module}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            # As it has been found here, it is found there; Ctrl-C is for its parent.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True, text=True, encoding="utf-8",
        )  # fmt: skip
        with ended(process):
            yield _told(process, told, errors)


def _told(process: subprocess.Popen[str], told: Any, errors: Any) -> Any:
    """What *process* writes once it was *told* what to do."""
    import threading

    from ..._mutex import Bell

    assert process.stdin is not None
    assert process.stdout is not None
    answered = Bell()

    def watch() -> None:
        answered.wait(_PATIENCE)
        if not has_answered:
            process.kill()

    has_answered = False
    threading.Thread(target=watch, daemon=True).start()
    try:
        # If it has ended already, that is seen below.
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
    finally:
        has_answered = True
        answered.ring()
    if not line:
        errors.seek(0)
        lines = errors.read().decode("utf-8", "replace").splitlines()
        raise Failure(lines[-1] if lines else "no reason is told")
    return json.loads(line)


@contextlib.contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """See to it that *process*, which ends with its input, has ended."""
    try:
        yield
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def first_line() -> Any:
    """In a child: what its parent says."""
    return json.loads(sys.stdin.readline())


def answer(value: Any) -> None:
    """In a child: tell the parent."""
    print(json.dumps(value), flush=True)


def end_with_parent() -> None:
    """In a child: have the process end when the parent does, or wants it to."""
    import threading

    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def work(main: Coroutine[Any, Any, None]) -> None:
    """In a child: have asyncio run *main*, and keep each task until it is done.

    asyncio itself doesn't, and some of pymap's would be collected as garbage while they wait.
    """
    import asyncio

    async def keep_tasks() -> None:
        tasks: set[Any] = set()

        def made(loop: Any, coroutine: Any, **options: Any) -> Any:
            task = asyncio.Task(coroutine, loop=loop, **options)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            return task

        asyncio.get_running_loop().set_task_factory(made)
        await main

    asyncio.run(keep_tasks())
