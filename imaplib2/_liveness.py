"""Whether a connection is over, and why; and the end of an IDLE, which its user wants."""

from __future__ import annotations

from ._attributes import Shown
from ._errors import abort, lost
from ._hints import Any, cast
from ._link import Link


def _is_closed(client: Link) -> bool:
    """The connection is over: by ``logout``, by the server, or by the network."""
    return client._core.reason is not None


def _reason(client: Link) -> abort | None:
    """Why the connection is over, as an ``abort`` that nobody has raised; None while it isn't.

    That is what each command raises from then on; ``str(M.reason)`` is the text.
    """
    reason = client._core.reason
    return None if reason is None else lost(reason)


class Liveness(Link):
    """How the connection is, as programs ask that keep one for long.

    A subclass may have attributes and methods of these names: nothing here calls them.
    """

    #: The connection is over: by ``logout``, by the server, or by the network.
    closed: bool = cast(Any, Shown(_is_closed))
    #: Why it is over, as an ``abort`` with all its attributes; None while it isn't.
    reason: abort | None = cast(Any, Shown(_reason))

    def idle_done(self) -> None:
        """End an IDLE, be it ``idle()``, with a callback, or an iterator (RFC 2177).

        May be called from any thread, from callbacks and signal handlers, and before the server
        has agreed to the IDLE; those that still wait for their turn end, too. Doesn't wait: what
        idles goes on as soon as the server has answered. Where nothing idles, nothing happens.
        """
        if self._engine is not None:
            self._engine.end_idle()
