"""Logins by SASL, with a server that does exactly what a test says."""
