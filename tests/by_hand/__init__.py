"""Tests of ``imaplib2/_by_hand``."""
