"""The IMAP protocol without I/O: bytes in, bytes and events out.

Nothing here imports sockets, threads or clocks: its driver tells it the time, and guards it with
one lock. Read from the top:

* `connection` (what the driver calls), on `reception` (what the server says), on `dispatch`
  (commands on their way);
* the parts that own the state: `in_progress` and `collecting`, `session`, `output`, `patience`,
  `exchange`, `identification`, `upgrading`, `by_hand`, `tags`;
* what a command is: `command`, `idling`, and the table of all, `commands`;
* how it is written: `arguments`, on `search_program`, `quoting`, `parts`; what it asks for:
  `claims`, `bodies`;
* how responses are read: `framing`, on `runs`, `folding` and `literals`, then `responses`; where
  they are kept: `untagged`, on `stored`.
"""
