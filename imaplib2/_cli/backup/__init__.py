"""What `fetch` and `push` are made of: mailboxes, their copies on the disk, and the way between.

A `store` has the messages of a mailbox in a `maildir` or an `mbox`, and what is known of them in a
`journal`; `downloads` fills it from a server, and `uploads` a server from it, or from messages of
another program (`foreign`).
"""
