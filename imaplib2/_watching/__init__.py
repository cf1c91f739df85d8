"""Watching mailboxes for as long as a program runs: the parts of ``imaplib2.watching``.

- ``sync``, ``questions``: what is to be asked, and what follows from what a server says;
  ``account``, ``messages``, ``pending``, ``state``, ``events``: what is known of a mailbox, and
  what its consumer knows. They do no I/O, know no time, and start no threads.
- ``asking``, ``syncing``: a server is asked, by the methods of a connection that everybody has.
- ``failures``, ``presence``, ``sleeping``: what no trying again mends, when to try again, and what
  is told of that; clocks that jump.
- ``keeper``, and for one mailbox or several, ``one_mailbox``, ``several``: the threads.
- ``outbox``, ``watcher``: what the user holds.
"""
