"""Reader, writer and callback thread of a connection: everything that runs concurrently.

Theory of operation
-------------------
Threads meet at queues. Between them and the core, which knows IMAP, is the gate; modules import
only what stands below them here::

    engine                               what the client sees: start, submit, wait, close, abandon
    reader    writer                     a thread each; literals, downloads: the reader's large ones
    gate                                 the mutex and the core: decide, then do what follows
    callbacks    sending    polling      the queues of the callback thread, writer and reader
    uploads                              what is sent as a user's file gives it
    user_code    ending    silence    pending         what is asked, and calls nothing above it

A command goes down: `Engine.submit`, `Gate.drive`, ``core.submit`` under the mutex, then
`Sending.try_send` without it, or the writer. Its outcome comes up: the reader calls `Gate.step`
with what it has received, ``core.receive`` decides whose it is, and `Pending.set` wakes the user's
thread, which waits in `Engine.wait`, or `Callbacks.put` has queued it for the callback thread.

*The gate* (``gate.py``). The mutex is held while the core decides, for microseconds: never across
I/O, a wait, user code or logging. All that changes the core is a step that `Gate.drive` has it take
under the mutex; what follows from it is collected there, and done behind it.

*An exception may come up at any line*: it leaves no thread waiting, see ``gate.py``, and no lock
taken. That is why no lock is taken by ``with``, see ``_mutex.py``.

*Output* is taken from the core by one thread at a time, see ``sending.py``. *The writer* sleeps
until there is output, until the earliest deadline, or until the end; ``Sending.alarm`` is when it
will look again, so that other threads wake it only for less.

*The reader* blocks in the transport. Between the OK of an upgrade and its end it waits for
``Gate.resume``, while the thread that waits for the command upgrades; and so it does for the file
of a user that takes a literal more slowly than it comes, see ``downloads.py``. While a user polls
the socket for the news of an IDLE (see ``_by_hand/``), it waits for errands, see ``polling.py``.

*The callback thread* runs user code only, see ``callbacks.py``. What was received is traced before
any thread is told of it: a callback waits for that, should it be faster.

*The time* is kept by the writer: it has the core do what is due. Where it may be stuck in a
subclass's own ``send``, all that wait keep the time, too: they are given `Gate.keep_time`.

No thread refers to the client object, so that it can be collected; see `Engine.abandon`.

The end
-------
A connection ends once: the first reason is recorded in ``core.reason``, and every command, the
greeting and the reader's wait are told. Then reader and writer leave, and the last of them closes
the transport. What leads there, from the top; *waits* is what the caller may have to wait for,
beside the mutex:

``IMAP4.logout``       sends LOGOUT and waits for the answer, ``core.logout_timeout`` at most; then
                       calls `Engine.close`, then ``IMAP4.shutdown``.
``IMAP4.shutdown``     what subclasses replace: calls `Engine.close`, and closes ``sock``.
`Engine.close`         drives ``core.close`` and calls `Gate.finish`; waits for the three threads,
                       1.8 s at most in all its calls (`Ending.join`); then closes the transport,
                       unless a thread is stuck, which will do so. Where the mutex can't be had
                       within 2 s, as this signal handler has interrupted its holder, or where this
                       is the exit, a forked child, the reader or the writer, it waits for nothing
                       else: it notes ``Ending.closing`` and calls `Gate.interrupt`, or drops the
                       child's transport.
`Engine.abandon`       from a garbage collection: waits for nothing, not for the mutex either. It
                       notes ``Ending.forgotten`` and calls `Gate.interrupt`.
`Engine.give_up`       of one command, for which nothing waits any more: drives ``core.give_up``,
                       which takes it back, or ends its IDLE; the connection only within a SASL
                       exchange or an upgrade.
`Engine.cancel`        of a future: drives ``core.cancel``, which takes the command back unless a
                       thread has taken it from the output, or ends its IDLE; no connection ends.
`Gate.fail`            drives ``core.fail``, and ``core.close`` before if ``Ending.closing`` tells
                       that this is its echo; calls `Gate.finish`. Waits for nothing. `Gate.fail_by`
                       is the same for an exception, `Engine.fail` for the client.
`Gate.drive`           ends the connection if a step is interrupted: it sets ``interrupted``, wakes
                       the writer, and calls `Gate.end_interrupted`, as the writer does then.
`Gate.finish`          does what was decided and perhaps not done: tells the waiters once more.
`Gate.leave`           of reader and writer, whatever ends them: calls `Gate.fail`; the last one
                       closes the transport, unless a user polls it, who is to see its end.
`Gate.interrupt`       interrupts the transport and wakes the reader: any thread may, always.
`Reader._end_of_file`  the transport is at its end, by whose doing the flags in `Ending` tell: calls
                       `Gate.fail` for ``forgotten``, drives ``core.close`` for ``closing``. Else it
                       waits 0.1 s for a thread that is sending to say why it can't, and drives
                       ``core.end_of_file``.
the writer             has ``core.tick`` end the connection when the server is silent for too long.
                       When it can't send, it waits 1 s for the reader to find what the server has
                       said, then calls `Gate.fail_by`.
the core               whatever it ends by, ``close``, ``fail``, ``end_of_file``, ``tick`` or a
                       violation of the protocol: it reports ``Failed`` for each command, then
                       ``Lost``. For that one the gate ends the queue of callbacks, wakes the
                       writer, the greeting and the reader, and interrupts the transport.
a transport            ``interrupt``: reads and writes that block return, in any thread, at once.
                       ``close``: releases it, when no thread uses it any more. ``drop``: closes a
                       forked child's descriptors, without the parent noticing.

What several threads touch
--------------------------
And what protects it, with a GIL or without one:

========================================  ======================================================
``core`` with all that it holds,          ``Gate.mutex``. Without it, single attributes of the core
``Gate.transport``, ``Polls``,            are read where an old value does no harm: ``reason``,
``Sending.is_taken``, ``Ending._left``    ``paused``, ``logged_out``, ``state`` and the like; and
                                          ``downloading``, set before its command is sent.
``core.idle_unwanted``                    Set by the thread that holds ``Gate.mutex``, in a signal
                                          handler, which may take no step; reset by a step.
``core``'s framer, the read buffer,       Nothing: they are the reader's. An upgrade takes the
``Reader._early``                         framer's rest while the reader waits.
``Gate._undone``                          A dict whose items are set, popped and copied singly.
``Sending.alarm``                         Written by the writer: under the mutex before it sleeps;
                                          without it when it is awake, where an old value costs
                                          a ring too many.
``Gate.interrupted``,                     Set, and never unset, by the thread that finds out; the
``Sending.broken``, ``Ending.closing``,   thread that looks at it is woken behind that.
``Ending.forgotten``
the queue in `Callbacks`, its jobs        A queue; a list that one thread takes from.
``Callbacks.thread``, ``_serving``        ``_starting``; read without it, where None only means
                                          that the lock is asked.
``Callbacks._threads``                    A set of weak references: each thread looks for itself.
``Callbacks.due``, ``_ended``             Written under ``Gate.mutex``.
``Callbacks.done``, ``_calling``,         Written by the callback thread alone. A thread that reads
``_awaited``                              an old number waits for a callback that has ended.
``UserCode.running``                      A dict; each thread sets and pops its own item while it
                                          runs user code for a command.
a `Download`                              Each attribute has one thread that writes it. Its
                                          ``bell`` and ``is_dropped`` are set under
                                          ``Gate.mutex``, or before it is held.
an `Upload`                               ``missing``, ``is_asked`` and ``is_abandoned``:
                                          ``Gate.mutex``. All else is the feeding thread's.
``Command.unwanted``                      Set, and never unset, by the thread that cancels, before
                                          it takes the mutex; a command that is submitted under it
                                          sees that, or is found there by the canceller.
``Command.doubt``                         The reader asks; the thread that answers the challenges
                                          settles it before it answers the last one.
``Ending.running``                        A set; each thread looks for its own number.
``Sending.unsent``, `Silence`,            Nothing: an old value costs a look too many, or one
``Engine._mutex_missed``,                 that comes 50 ms late; or `Engine.close` does once more
``Engine._is_closed``,                    what it has done.
``Ending._join_until``,
``Callbacks._patience_over``
a `CommandFuture`                         Its ``_fate`` is an item of a dict that is set once, in
                                          one step. The rest is what `concurrent.futures` protects.
``Issuer._submitted``                     A dict whose items are set and popped singly; each thread
                                          looks for its own number.
a `Pending`                               ``_done`` is set last, and the bell rung behind that. A
                                          thread that sets it a second time sets the same. Its
                                          ``answer`` is filled under ``Gate.mutex``, before.
a `Polling`                               A queue of errands, and a `Wakeup`.
untagged responses                        ``guard``, which is ``Gate.mutex``.
the trace                                 A deque that is appended to and copied as a whole.
an ``SSLSocket``, a `Wakeup`              A `Mutex` of their own.
========================================  ======================================================
"""
