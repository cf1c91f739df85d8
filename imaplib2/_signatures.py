"""``open`` and ``_mesg`` as subclasses have them: each is called with what it takes."""

from __future__ import annotations

import functools
from collections.abc import Collection

from ._hints import Any


def call_open(
    method: Any, ours: Collection[Any], host: str, port: int, timeout: float | None
) -> None:
    """Call an ``open`` with a time-out, or without one if it takes none, as older ones do.

    The functions *ours* are known to take one.
    """
    if getattr(method, "__func__", None) not in ours:
        import inspect

        try:
            inspect.signature(method).bind(host, port, timeout)
        except TypeError:
            method(host, port)
            return
    method(host, port, timeout)


def call_mesg(mesg: Any, text: str, thread: str | None, when: float | None) -> None:
    """Call a ``_mesg`` of historical imaplib2, of imaplib, or a function of one argument."""
    bound = getattr(mesg, "__self__", None) is not None
    count = _parameters(getattr(mesg, "__func__", mesg)) - bound
    if count >= 3:
        mesg(text, thread, when)
    elif count == 2:
        mesg(text, when)
    else:
        mesg(text)


@functools.lru_cache(maxsize=32)
def _parameters(function: Any) -> int:
    """How many parameters may be given by position."""
    import inspect

    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
