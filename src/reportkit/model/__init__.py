"""Frozen values that the rest speaks in. No I/O here."""
