"""Tests of ``imaplib2/_threads``."""
