"""The names of this module as it was, until all that imports them has moved."""

from ._transport.hands import buffered as buffered
from ._transport.hands import is_interruption as is_interruption
from ._transport.users_socket import hand_over as hand_over
