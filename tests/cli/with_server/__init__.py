"""Commands against a scripted server."""
