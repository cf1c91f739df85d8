"""Ways to carry bytes: sockets and what is like them, TLS, a child process, a subclass's methods.

Nothing here knows IMAP. ``base.py`` says what a transport is.
"""

from .base import Transport
from .deflate import DeflateTransport, deflate_objects
from .files import FileTransport
from .hands import buffered, is_interruption
from .kernel import IS_WINDOWS, tune
from .methods import MethodTransport
from .process import ProcessTransport
from .sockets import SocketTransport, is_socket
from .tls import tls_transport
from .tls_settings import (
    TLS_COMPAT,
    TLS_NO_SSL,
    TLS_SECURE,
    CertificateCallback,
    TLSSettings,
)
from .users_socket import hand_over
from .waiting import Wakeup, can_read

__all__ = [
    "IS_WINDOWS",
    "TLS_COMPAT",
    "TLS_NO_SSL",
    "TLS_SECURE",
    "CertificateCallback",
    "DeflateTransport",
    "FileTransport",
    "MethodTransport",
    "ProcessTransport",
    "SocketTransport",
    "TLSSettings",
    "Transport",
    "Wakeup",
    "buffered",
    "can_read",
    "deflate_objects",
    "hand_over",
    "is_interruption",
    "is_socket",
    "tls_transport",
    "tune",
]
