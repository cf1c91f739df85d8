"""A scripted server on the loopback interface, what its users share, and its own tests."""
