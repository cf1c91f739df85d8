"""Faults and quirks of servers and networks, and attacks: each comes from a scripted server."""
