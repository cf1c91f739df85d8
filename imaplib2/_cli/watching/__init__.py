"""What `watch` is made of: what is told of events, and what is done for new messages."""
