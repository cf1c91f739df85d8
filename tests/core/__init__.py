"""Tests of ``imaplib2/_protocol``: bytes in, events out."""
