"""Mailboxes watched for as long as a program runs.

`imaplib2.watch` gives a `Watcher`, an iterator over events that goes on whatever happens to servers
and networks. An event tells of one mailbox, and is a named tuple:

>>> from imaplib2.parse import SequenceSet
>>> from imaplib2.watching import Arrived
>>> event = Arrived("INBOX", SequenceSet("7:8"), {7: frozenset(), 8: frozenset({"\\\\Seen"})})
>>> [uid for uid in event.uids if "\\\\Seen" not in event.flags[uid]]
[7]

To go on where an earlier run of the program has ended, save `Watcher.state` when an event has been
dealt with, and give it back: ``watch(connect, since=saved)``.
"""

from __future__ import annotations

from ._watching.events import (
    Arrived as Arrived,
    Event as Event,
    Flags as Flags,
    FlagsChanged as FlagsChanged,
    Gone as Gone,
    Invalidated as Invalidated,
    Reconnected as Reconnected,
    Removed as Removed,
)
from ._watching.failures import is_final as is_final
from ._watching.state import MailboxState as MailboxState, State as State
from ._watching.watcher import Watcher as Watcher, watch as watch

__all__ = [
    "Arrived",
    "Event",
    "Flags",
    "FlagsChanged",
    "Gone",
    "Invalidated",
    "MailboxState",
    "Reconnected",
    "Removed",
    "State",
    "Watcher",
    "is_final",
    "watch",
]
