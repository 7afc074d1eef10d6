"""Servers on loopback that stand for the systems which sources read."""
