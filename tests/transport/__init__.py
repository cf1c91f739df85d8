"""Tests of ``imaplib2/_transport``."""
