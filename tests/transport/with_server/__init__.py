"""Tests of transports in sessions with a scripted server."""
