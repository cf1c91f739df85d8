"""Tests of what stands in the root of the package: the client, and what it is made of."""
