"""What a connection has come to: state, capabilities, mailbox, and what the server has told."""

from __future__ import annotations

from .._errors import printable
from .command import Command
from .grammar import UTF8_ACCEPT
from .limits import Limits
from .responses import STATUS_TYPES, ResponseCode, Untagged, items_of, response_code, untagged_text
from .states import AUTH, LOGOUT, NONAUTH, SELECTED
from .untagged import UntaggedResponses

#: Bytes of a list of capabilities that are looked at: servers have less than one thousand to tell.
_CAPABILITIES_SIZE = 64 * 1024
#: What a list of capabilities must name one of (RFC 3501, section 6.1.1).
REVISIONS = frozenset({"IMAP4", "IMAP4REV1", "IMAP4REV2"})
#: Bytes of an untagged NO or BAD that are remembered for the text of an exception.
_OBJECTION_SIZE = 500
#: LITERAL- allows non-synchronizing literals up to this size (RFC 7888, section 5).
LITERAL_MINUS_SIZE = 4096


def listed_capabilities(text: bytes) -> tuple[str, ...]:
    """The capabilities that *text* lists, in upper case (RFC 3501, section 7.2.1)."""
    # A str each would take twenty times the server's bytes.
    if len(text) > _CAPABILITIES_SIZE:
        text = text[:_CAPABILITIES_SIZE].rpartition(b" ")[0]
    # Domino says "LITERAL +" (MailKit).
    text = text.upper().replace(b"LITERAL +", b"LITERAL+")
    return tuple(text.decode("ascii", "replace").split())


class Session:
    """What users read of a connection, and may set as users of ``imaplib`` do."""

    def __init__(self, limits: Limits) -> None:
        self.state = LOGOUT
        self.capabilities: tuple[str, ...] = ()
        #: They were told since they were last forgotten.
        self.capabilities_told = False
        self.untagged = UntaggedResponses(limits=limits)
        self.welcome: bytes | None = None
        self.mailbox: str | None = None
        self.is_readonly = False
        self.utf8_enabled = False
        self.bye: bytes | None = None
        #: What an IMAP server's greeting said instead of OK.
        self.refusal: str | None = None
        #: The end was wanted by the user: it isn't that of the server or the network.
        self.closed_on_purpose = False
        #: Later commands are illegal then, as in ``imaplib``.
        self.logged_out = False
        # The last untagged NO or BAD, and how many commands had been sent by then.
        self._objection: tuple[int, str] | None = None

    # -- State --------------------------------------------------------------------------------

    def greeted(self, response: Untagged) -> None:
        """The server has greeted with *response*, an OK or PREAUTH."""
        self.state = AUTH if response.type == "PREAUTH" else NONAUTH
        text = untagged_text(response.data)
        self.untagged.add(response.type, [text])
        code = response_code(text)
        if code and code.type == "CAPABILITY":
            self.learn(code.data)
        elif code:
            self.take_code(code)

    def completed(self, command: Command, type_: str) -> None:
        """*command* has completed, with OK or a refusal: be in the state that follows."""
        row = command.row
        if type_ == "OK":
            if row.on_ok is not None:
                self.enter(row.on_ok, command)
            if row.enables:
                self._enable(command)
        elif row.on_refusal is not None:
            self.enter(row.on_refusal, None)

    def answered_elsewhere(self, command: Command, type_: str) -> None:
        """*command* was answered without our seeing it, by a method that a subclass has replaced.

        What it would have enabled stands among the untagged responses, if anywhere.
        """
        row = command.row
        state = row.on_ok if type_ == "OK" else row.on_refusal
        if state is not None and state != LOGOUT:
            self.enter(state, command)
        if type_ == "OK" and row.enables:
            names = b" ".join(self.untagged.data_of("ENABLED"))
            command.enables_utf8 = UTF8_ACCEPT.search(names) is not None if names else None
            self._enable(command)

    def enter(self, state: str, command: Command | None) -> None:
        """Be in *state*, to which *command* has led."""
        self.state = state
        if state == LOGOUT:
            self.closed_on_purpose = self.logged_out = True
        if state != SELECTED:
            self.untagged.take("READ-ONLY")
        selected = command if state == SELECTED else None
        self.mailbox = selected.subject if selected is not None else None
        self.is_readonly = selected is not None and selected.row.reads_only

    def _enable(self, command: Command) -> None:
        """What is on from now on is what the server has listed (RFC 5161, section 3.1).

        Of one that has listed nothing, which it must not, the capability tells: Dovecot and Cyrus
        say OK to what they don't have.
        """
        enables = command.enables_utf8
        if enables is None and "UTF8=ACCEPT" in self.capabilities:
            asked = command.subject.encode("ascii", "replace")
            enables = UTF8_ACCEPT.search(asked) is not None
        if enables:
            self.utf8_enabled = True

    # -- Capabilities -------------------------------------------------------------------------

    def learn(self, text: bytes) -> None:
        """Take the capabilities that *text* lists."""
        names = listed_capabilities(text)
        # By what is no such list, sohu.com means NAMESPACE (MailKit#2006).
        if not (self.capabilities and REVISIONS.isdisjoint(names)):
            self.capabilities = names
        self.capabilities_told = True

    def forget_capabilities(self) -> None:
        """What the server told of its capabilities no longer holds."""
        self.capabilities = ()
        self.capabilities_told = False

    def may_send_at_once(self, size: int) -> bool:
        """Whether a literal of *size* may be non-synchronizing (RFC 7888)."""
        if "LITERAL+" in self.capabilities:
            return True
        return size <= LITERAL_MINUS_SIZE and "LITERAL-" in self.capabilities

    # -- What the server tells ----------------------------------------------------------------

    def store(self, response: Untagged) -> None:
        """Put an untagged response where users find it.

        For threads of the user, too, under the driver's lock: what was kept for a user who pulls
        responses, and was not pulled.
        """
        type_, data = response
        text = type_ in STATUS_TYPES
        self.untagged.add(type_, [untagged_text(data)] if text else items_of(data))

    def take_code(self, code: ResponseCode) -> None:
        """A status response had this *code*."""
        self.untagged.add(code.type, [code.data])
        if code.type == "CAPABILITY":
            self.learn(code.data)
        elif code.type == "READ-WRITE":
            self.untagged.take("READ-ONLY")

    def note_objection(self, begun: int, type_: str, text: bytes) -> None:
        """The server has said NO or BAD, untagged, when *begun* commands had been sent."""
        self._objection = begun, f"{type_} {printable(text[:_OBJECTION_SIZE])}"

    def said_since(self, command: Command | None) -> str:
        """What the server has said against us since *command* was sent, for an exception's text."""
        if command is None or self._objection is None or self._objection[0] < command.begun:
            return ""
        return f" (the server said: {self._objection[1]})"
