"""Tests of threads in sessions with a scripted server."""
