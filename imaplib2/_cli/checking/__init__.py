"""What `check` is made of: what is tried, and how it is reported."""
