"""A socket that a program has connected in its own way, through a proxy for instance."""

from __future__ import annotations

from ._hints import Any


def settled(
    sock: Any, host: str | None, port: int | str | None, timeout: float | None
) -> tuple[str | None, int | str | None, float | None]:
    """Host, port and time-out of a connection by *sock*: what isn't given, *sock* tells.

    Raises TypeError for what is no socket, nor like one.
    """
    if isinstance(sock, type) or not (hasattr(sock, "recv") or hasattr(sock, "makefile")):
        raise TypeError(f"sock must be a connected socket, not {type(sock).__name__}")
    peer_host, peer_port = _peer(sock)
    name = getattr(sock, "server_hostname", None)  # of TLS
    if timeout is None and hasattr(sock, "gettimeout"):
        # Of one that doesn't block, none.
        timeout = sock.gettimeout() or None
    return host or name or peer_host, port or peer_port, timeout


def _peer(sock: Any) -> tuple[str | None, int | None]:
    try:
        address = sock.getpeername()
    # Neither connected, which the greeting will show, nor able to tell.
    except (OSError, AttributeError):
        return None, None
    return address[:2] if isinstance(address, tuple) else (None, None)
