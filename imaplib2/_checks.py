"""What callers give that isn't sent: callbacks, time-outs, ports."""

from __future__ import annotations

import socket
from operator import index

from ._hints import Any

#: Seconds: what the system's calls can still count.
_LONGEST = 9_000_000_000.0


def check_callable(name: str, function: Any) -> None:
    """Raise TypeError unless *function*, the argument *name*, is None or can be called."""
    if function is not None and not callable(function):
        raise TypeError(f"{name} must be callable, not {type(function).__name__}")


def seconds(name: str, value: Any) -> float | None:
    """The number of seconds *value*, the argument *name*; None for None.

    Raises TypeError when it is no number or a bool, and ValueError when it is NaN.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not (isinstance(value, float) or hasattr(value, "__index__")):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if value != value:
        raise ValueError(f"{name} must be a number of seconds, not {value}")
    return value if isinstance(value, float) else index(value)


def socket_timeout(name: str, value: Any) -> float | None:
    """The same, of a time-out for sockets: raises ValueError unless it is more than 0."""
    timeout = seconds(name, value)
    if timeout is not None and timeout <= 0:
        raise ValueError("Non-blocking socket (timeout=0) is not supported")
    if timeout is not None and timeout > _LONGEST:
        raise ValueError(f"{name} is too long: {timeout}")
    return timeout


def port_number(port: Any, default: int) -> int:
    """A *port*: a number, in digits or not, or the name of a service; *default* for none.

    Raises TypeError when it is something else, and OSError when there is no such service.
    """
    if isinstance(port, (bytes, bytearray)):
        port = port.decode("ascii", "replace")
    if isinstance(port, str):
        name = port.strip()
        if name.isdecimal() or not name:
            return int(name or default)
        try:
            return socket.getservbyname(name, "tcp")
        except OSError:
            raise OSError(f"port: there is no service {name!a}") from None
    if isinstance(port, bool) or not (port is None or hasattr(port, "__index__")):
        raise TypeError(f"port must be an int or a str, not {type(port).__name__}")
    return index(port or default)
