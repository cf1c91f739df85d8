"""Tests of the client in sessions with a scripted server."""
