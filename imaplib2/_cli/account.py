"""An account: a server, and what is needed to log in there."""

from __future__ import annotations

from .._hints import NamedTuple

#: Seconds that the server may be silent for.
TIMEOUT = 30.0


class _Fields(NamedTuple):
    name: str
    host: str
    port: int
    user: str | None
    security: str = "tls"
    command: str | None = None
    ca_file: str | None = None
    fingerprint: str | None = None
    timeout: float = TIMEOUT
    password_command: str | None = None
    password_file: str | None = None
    token_command: str | None = None
    allow_clear_text: bool = False
    trace: bool = False


class Account(_Fields):
    """A server, and what is needed to log in there.

    - ``name``: as it was written on the command line, for texts;
    - ``host``, ``port``;
    - ``user``: None when nobody has said who logs in;
    - ``security``: ``"tls"``, ``"starttls"``, ``"plain"`` or ``"command"``;
    - ``command``: the tunnel, a line for the shell that speaks IMAP on its input and output;
    - ``ca_file``; ``fingerprint``: of the only certificate to trust, as SHA-256 in 64 hexadecimal
      digits in lower case;
    - ``timeout``: seconds that the server may be silent for;
    - ``password_command``, ``password_file``, ``token_command``: where the secrets come from;
    - ``allow_clear_text``: the password may be shown where nothing is encrypted;
    - ``trace``: tell what is sent and received.
    """

    __slots__ = ()

    @property
    def where(self) -> str:
        """The server, for texts: ``'imap.example.org:993'``, or of a tunnel, its name."""
        if self.security == "command":
            return self.name
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
