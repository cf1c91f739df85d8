"""Watching mailboxes for as long as a program runs: the parts of ``imaplib2.watching``.

- ``events``, ``state``, ``messages``, ``account``, ``pending``: what is known of a mailbox, and what
  its watcher has yet to be told. They do no I/O, know no time, and start no threads.
- ``asking``: what is asked of the server, by the methods of a connection that everybody has.
- ``failures``, ``sleeping``: when to try again, and what no trying mends; clocks that jump.
- ``keeper``, ``polled``: one connection is kept, for one mailbox, or for several.
- ``watcher``: what the user holds.
"""
