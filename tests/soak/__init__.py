"""Tests that are the better the longer they run; `lengths.py` says how long that is."""
