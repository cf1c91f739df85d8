r"""Names of flags, keywords, and mailbox attributes. Upper and lower case are the same to servers.

- Flags of messages: the system flags (``SEEN`` is ``\Seen``; RFC 9051, section 2.3.2), and the
  keywords in common use (``FORWARDED`` is ``$Forwarded``; IANA's list "IMAP and JMAP Keywords").
- Attributes of mailboxes in LIST responses (``NO_SELECT`` is ``\Noselect``; RFC 9051, section
  7.3.1). What a mailbox is for begins with ``USE_`` (``USE_DRAFTS`` is ``\Drafts``; RFC 6154).

>>> from imaplib2 import flags
>>> flags.SEEN
'\\Seen'
>>> print(*sorted(flags.SYSTEM_FLAGS))
\Answered \Deleted \Draft \Flagged \Recent \Seen

``M.store("1:5", "+FLAGS", [flags.SEEN, flags.NOT_JUNK])`` takes them as they are.
"""

from __future__ import annotations

from ._hints import Final

# System flags. Only servers set \Recent, and IMAP4rev2 has none.

ANSWERED: Final = r"\Answered"
DELETED: Final = r"\Deleted"
DRAFT: Final = r"\Draft"
FLAGGED: Final = r"\Flagged"
RECENT: Final = r"\Recent"
SEEN: Final = r"\Seen"

SYSTEM_FLAGS: Final = frozenset((ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN))

#: Among PERMANENTFLAGS: keywords may be made by using them (RFC 9051, section 7.1).
ANY_KEYWORD: Final = r"\*"

# Keywords of RFC 9051, section 2.3.2 (RFCs 3503, 5550, 8457).

FORWARDED: Final = "$Forwarded"
IMPORTANT: Final = "$Important"
JUNK: Final = "$Junk"
MDN_SENT: Final = "$MDNSent"
NOT_JUNK: Final = "$NotJunk"
PHISHING: Final = "$Phishing"
SUBMIT_PENDING: Final = "$SubmitPending"
SUBMITTED: Final = "$Submitted"

# Keywords of RFC 9979.

AUTO_SENT: Final = "$autosent"
CAN_UNSUBSCRIBE: Final = "$canunsubscribe"
FOLLOWED: Final = "$followed"
HAS_ATTACHMENT: Final = "$hasattachment"
HAS_MEMO: Final = "$hasmemo"
HAS_NO_ATTACHMENT: Final = "$hasnoattachment"
IMPORTED: Final = "$imported"
IS_TRUSTED: Final = "$istrusted"
#: With the next two, the colour of a flagged message.
MAIL_FLAG_BIT_0: Final = "$MailFlagBit0"
MAIL_FLAG_BIT_1: Final = "$MailFlagBit1"
MAIL_FLAG_BIT_2: Final = "$MailFlagBit2"
MASKED_EMAIL: Final = "$maskedemail"
MEMO: Final = "$memo"
MUTED: Final = "$muted"
NEW: Final = "$new"
NOTIFY: Final = "$notify"
UNSUBSCRIBED: Final = "$unsubscribed"

KEYWORDS: Final = frozenset({
    FORWARDED, IMPORTANT, JUNK, MDN_SENT, NOT_JUNK, PHISHING, SUBMIT_PENDING, SUBMITTED,
    AUTO_SENT, CAN_UNSUBSCRIBE, FOLLOWED, HAS_ATTACHMENT, HAS_MEMO, HAS_NO_ATTACHMENT, IMPORTED,
    IS_TRUSTED, MAIL_FLAG_BIT_0, MAIL_FLAG_BIT_1, MAIL_FLAG_BIT_2, MASKED_EMAIL, MEMO, MUTED, NEW,
    NOTIFY, UNSUBSCRIBED,
})  # fmt: skip

# Attributes of RFC 3501, section 7.2.2, of RFC 5258 and RFC 9051, section 7.3.1.

HAS_CHILDREN: Final = r"\HasChildren"
HAS_NO_CHILDREN: Final = r"\HasNoChildren"
MARKED: Final = r"\Marked"
NO_INFERIORS: Final = r"\Noinferiors"
NO_SELECT: Final = r"\Noselect"
NON_EXISTENT: Final = r"\NonExistent"
REMOTE: Final = r"\Remote"
SUBSCRIBED: Final = r"\Subscribed"
UNMARKED: Final = r"\Unmarked"

ATTRIBUTES: Final = frozenset({
    HAS_CHILDREN, HAS_NO_CHILDREN, MARKED, NO_INFERIORS, NO_SELECT, NON_EXISTENT, REMOTE,
    SUBSCRIBED, UNMARKED,
})  # fmt: skip

# Special uses of RFC 6154, section 2; \Important of RFC 8457; the last three of RFC 9979.

USE_ALL: Final = r"\All"
USE_ARCHIVE: Final = r"\Archive"
USE_DRAFTS: Final = r"\Drafts"
USE_FLAGGED: Final = r"\Flagged"
USE_IMPORTANT: Final = r"\Important"
USE_JUNK: Final = r"\Junk"
USE_SENT: Final = r"\Sent"
USE_TRASH: Final = r"\Trash"
USE_MEMOS: Final = r"\Memos"
USE_SCHEDULED: Final = r"\Scheduled"
USE_SNOOZED: Final = r"\Snoozed"

SPECIAL_USES: Final = frozenset({
    USE_ALL, USE_ARCHIVE, USE_DRAFTS, USE_FLAGGED, USE_IMPORTANT, USE_JUNK, USE_SENT, USE_TRASH,
    USE_MEMOS, USE_SCHEDULED, USE_SNOOZED,
})  # fmt: skip
