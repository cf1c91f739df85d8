"""Mailboxes watched for as long as a program runs.

To be written
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
