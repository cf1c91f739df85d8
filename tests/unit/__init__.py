"""Tests of single modules, without a connection."""
