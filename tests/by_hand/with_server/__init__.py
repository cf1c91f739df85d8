"""Tests of use by hand in sessions with a scripted server."""
