"""The IMAP protocol without I/O: bytes in, bytes and events out.

Nothing here imports sockets, threads or clocks; whoever drives it tells it the time.
"""
