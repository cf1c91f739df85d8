"""What the tests know about a real server, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

PASSWORD = "secret"
"""The password of most users."""


@dataclass(frozen=True)
class Traits:
    """In what a server differs from the others, as far as tests notice."""

    name: str
    namespaces: bytes
    """What NAMESPACE says."""
    extensions: frozenset[str]
    """Those of `EXTENSIONS` that it has, once somebody has logged in."""
    goodbye: bytes
    """The text of its BYE in answer to LOGOUT."""
    refusal: str
    """A part of what it says to a wrong password."""
    unknown_mechanism: str
    """A part of what it says to a mechanism that it doesn't offer."""
    unknown_mailbox: bytes
    """A part of what it says when a mailbox to select does not exist."""
    unknown_command: str
    """A part of what it says to a command, or an argument, that it doesn't know."""
    unknown_type: str
    """The type of that answer."""
    unknown_message: str
    """The type of its answer to the FETCH of a message that does not exist."""
    rights: str
    """The rights that owners have to their mailboxes."""
    no_right: bytes
    """What it says when somebody lacks the right to change a mailbox begins like this."""
    quota_root: str
    no_quota: bytes
    """What it says when users want to change their quota, as a regular expression."""
    after_deletion: str
    """What becomes of a session when another deletes its mailbox, as in an `abort`'s text."""

    prefix: str = ""
    """What the names of all mailboxes but INBOX begin with."""
    delimiter: str = "/"
    owners: tuple[str, ...] = ()
    """Who owns a mailbox, by the names that ACLs have; by default only the user."""
    shared: str | None = None
    """What the names of other users' mailboxes begin with; {} stands for the user."""
    subscribed: frozenset[str] = frozenset()
    """The mailboxes that users are subscribed to from the beginning."""
    refused_names: frozenset[str] = frozenset()
    """The names that it gives no mailbox."""
    has_scram: bool = True
    """Whether it offers SCRAM."""
    has_preauth: bool = True
    """Whether there is a program that serves somebody who is known, on stdin and stdout."""
    quotes_names: bool = False
    """Whether a name that could be an atom is a quoted string in its responses."""
    values_are_literals: bool = False
    """Whether the values of METADATA are literals, and not quoted strings."""
    shows_quota: bool = True
    """Whether users may ask for the quota of a root, rather than of a mailbox only."""
    announces_uidnext: bool = True
    appended_is_recent: bool = True
    """Whether a message that was appended, rather than delivered, counts as recent."""
    ends_last_line: bool = False
    """Whether it adds the end of a message's last line when it is missing."""
    stores_while_reading: bool = False
    """Whether flags can be changed after EXAMINE."""
    tells_all_capabilities: bool = False
    """Whether the greeting lists what only users who have logged in can use."""
    tells_idle_at_once: bool = True
    """Whether the greeting lists IDLE, if nothing else."""
    is_slow: bool = False
    """Whether a login that fails takes seconds, and a mailbox that is deleted or renamed, too."""
    load: float = 1.0
    """The share of what Dovecot can bear in a second."""


EXTENSIONS = frozenset(
    ["ID", "UNSELECT", "MOVE", "METADATA", "ESEARCH", "CONDSTORE", "COMPRESS=DEFLATE"]
)
"""The extensions that make a difference in the tests."""


class Server(ABC):
    """A server of our own on the loopback interface, from ``with`` to the end of its block."""

    traits: ClassVar[Traits]
    host: str
    port: int
    """For plain text and STARTTLS."""
    tls_port: int
    ca_file: str
    """The PEM file with the certificate of the authority to trust."""
    addresses: tuple[str, ...]
    """Where it listens."""
    directory: Path
    """Everything that the server writes."""
    users: Mapping[str, str]
    """The users with a name of their own, and their passwords."""

    @abstractmethod
    def __enter__(self) -> Server: ...

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    def restart(self) -> None:
        """Kill all its processes, and start it again where it was."""
        raise NotImplementedError

    @abstractmethod
    def new_user(self) -> str:
        """The name of a user that nobody has used yet; its password is PASSWORD."""

    def preauth_command(self, user: str) -> str:
        """A shell command that is an authenticated session of *user* on stdin and stdout."""
        raise NotImplementedError

    def token(self, user: str) -> str | None:
        """An OAuth access token of *user*; None where nobody logs in by one."""
        return None

    def client_certificate(self, user: str) -> str | None:
        """The file of a certificate by which *user* logs in; None where nobody does."""
        return None

    def has(self, extension: str) -> bool:
        """Whether it has one of the `EXTENSIONS`."""
        assert extension in EXTENSIONS
        return extension in self.traits.extensions

    def mailbox(self, name: str) -> str:
        """The name that a mailbox of the user has, one with slashes between its levels."""
        if name == "INBOX":
            return name
        return self.traits.prefix + name.replace("/", self.traits.delimiter)

    def shown(self, name: str) -> bytes:
        """How a mailbox's name, an atom, is written in responses."""
        quote = '"' if self.traits.quotes_names else ""
        return f"{quote}{self.mailbox(name)}{quote}".encode()

    def stored(self, text: bytes) -> bytes:
        """What is fetched of a message that was appended."""
        end = b"" if text.endswith(b"\r\n") or not self.traits.ends_last_line else b"\r\n"
        return text + end

    def recent(self, number: int) -> bytes:
        """What RECENT says when *number* messages have been appended."""
        return b"%d" % (number if self.traits.appended_is_recent else 0)

    def share(self, number: int) -> int:
        """How much of a *number* of things to do can be asked of it."""
        return int(number * self.traits.load)
