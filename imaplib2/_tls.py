"""The names of this module as it was, until all that imports them has moved."""

from ._transport.tls_settings import TLS_COMPAT as TLS_COMPAT
from ._transport.tls_settings import TLS_NO_SSL as TLS_NO_SSL
from ._transport.tls_settings import TLS_SECURE as TLS_SECURE
from ._transport.tls_settings import CertificateCallback as CertificateCallback
from ._transport.tls_settings import TLSSettings as TLSSettings
