"""Signing in by SASL: SCRAM, OAuth, EXTERNAL, and what is best of all that a server offers.

Loaded when it is used. What an authenticator is, and the mechanisms that are older, `_auth` tells.
"""
