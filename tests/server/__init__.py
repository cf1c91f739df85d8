"""Tests against a scripted server on the loopback interface."""
