"""What a connection is made of, and what few commands need: loaded with the first connection.

That is more than half the library, which a program that only imports it does without. It is loaded
as a whole, by `Link`, in a thread of the user's: later, a process may have no descriptor left to
read a module by; and a thread, a signal handler or a forked child may find that another thread,
which it would have to wait for, is loading it.
"""

from __future__ import annotations

from ._by_hand.by_hand import ByHand
from ._given import id_parameters, identification, internal_date, message_octets, written_out
from ._hooks import Hooks
from ._protocol.bodies import body_item, one_message
from ._protocol.connection import Connection
from ._protocol.refusals import about_answer
from ._protocol.substitution import substitute
from ._protocol.untagged import UntaggedResponses
from ._threads.downloads import Download
from ._threads.engine import Engine
from ._threads.uploads import Upload
from ._trace import Trace
from ._transport.deflate import deflate_objects

__all__ = [
    "ByHand",
    "Connection",
    "Download",
    "Engine",
    "Hooks",
    "Trace",
    "UntaggedResponses",
    "Upload",
    "about_answer",
    "body_item",
    "deflate_objects",
    "id_parameters",
    "identification",
    "internal_date",
    "message_octets",
    "one_message",
    "substitute",
    "written_out",
]
