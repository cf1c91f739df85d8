"""Tests of the SASL mechanisms, each by itself."""
