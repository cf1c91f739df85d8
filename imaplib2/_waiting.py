"""The names of this module as it was, until all that imports them has moved."""

from ._clock import Clock as Clock
from ._clock import ended_within as ended_within
from ._clock import next_of as next_of
from ._clock import seconds_until as seconds_until
from ._transport.kernel import IS_WINDOWS as IS_WINDOWS
from ._transport.waiting import Pipe as Pipe
from ._transport.waiting import Wakeup as Wakeup
from ._transport.waiting import can_read as can_read
from ._transport.waiting import wait_for as wait_for
