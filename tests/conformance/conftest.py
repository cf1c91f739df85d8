"""The fixtures of tests/server, for the tests of programs written for other libraries."""

from ..server.conftest import proxy, serve, tls

__all__ = ["proxy", "serve", "tls"]
