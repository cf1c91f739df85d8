"""What `demo` is made of: a server of its own (`servers`), a slow link to it, and what is shown."""
