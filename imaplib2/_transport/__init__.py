"""Ways to carry bytes: sockets and what is like them, TLS, a child process, a subclass's methods.

Nothing here knows IMAP. ``base.py`` says what a transport is.
"""
