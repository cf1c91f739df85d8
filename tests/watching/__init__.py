"""Tests of what watches mailboxes."""
