"""Commands that are sent, and responses that are read, by hand.

Libraries built on ``imaplib``, and IDLE recipes that are older than ``idle()``, get a tag
(``_new_tag``), write the bytes of a command with ``send``, and pull what the server answers line
by line (``_get_response``, ``_get_line``, ``readline``), polling the socket in between; or they
write to the socket and read there. Others replace ``_simple_command``, which ``route.py`` serves.

Here the reader thread receives and files responses for all of these as for any other user. While
a command that was sent by hand is in progress, each response is queued for its user as well
(`Inbox`), who pulls it (`Pulling`). Only while the user polls the socket for the news of an IDLE
does the reader leave them there until they are pulled: otherwise it would be a matter of luck which
of both sees them first.

The parts, each referring to those above it only: ``port.py`` (the core and the threads),
``tags.py``, ``own_idle.py``, ``inbox.py``, ``pulling.py``, ``sending.py``, ``on_socket.py``,
``tagged_commands.py``, and ``parts.py``. Before anything is done by hand, there are none but the
port; `ByHand` is what the client has.

One thread at a time sends and reads by hand. What it shares with the reader, with users' threads
whose own commands complete (`Pulling.after_command`), and with those that look at
``tagged_commands``, is protected so, with a GIL or without one:

===============================  ===============================================================
``Inbox.responses``              A queue.
``Inbox._size``, ``core.tap``    The mutex.
``Port.is_used``,                Single attributes that are set; an old value lets the reader
``Inbox.is_pulled``              drop what is too much a response too early or too late.
``Tags.open``                    The mutex to add a tag, and to end the tap when none is left. A
                                 user who forgets a tag discards it without: then the next
                                 response ends the tap. A tag is discarded before its completion
                                 is queued, so that its user finds it closed.
``Tags.unread``, ``.on_socket``  Sets, of which a tag is added by its user, and discarded singly
                                 by that or, if its completion is dropped, by the reader.
``Tags.completions``,            Dicts whose items are set, popped and copied singly.
``Tags.pending``
``core.reserved_tags``           A set, in which the reader looks for a tag; a user adds one at a
                                 time, before it sends. The mutex to release one, so that the core
                                 is through with its completion, which may be pulled before; and
                                 last of all, so that nothing is left of its command when it is used
                                 again.
``core.in_progress``             The mutex. Without it, a tag is looked for, or all are copied at
                                 once, where an old value does no harm: it still holds a command
                                 whose completion is queued, and may be pulled, already.
``core.timeout``                 A single attribute, which the core reads once for a decision. It
                                 holds from the next decision on.
``OwnIdle``                      Single attributes, each read once for a decision. `begin` sets
                                 the command's `Idle` before it is submitted.
``ByHand._made``                 Set for good by ``setdefault`` of a dict: the first thread's.
``Pulling._pullers``             A set of objects, one for each wait: adding to a number is more
                                 than one operation, and one that got lost would keep all that
                                 comes from being filed, for ever.
``Pulling._stand_ins``           A list, appended to and popped singly: each stand-in is drained
                                 by the thread that has popped it, once.
``Pulling._rest``,               Nothing: they are of the one thread that reads and writes by
``OnSocket._written``            hand. Others leave a rest that is not empty alone.
===============================  ===============================================================
"""
