"""Tests of the command line, `imaplib2/_cli`."""
