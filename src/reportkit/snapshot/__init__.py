"""Extracts: taken, checked against their contracts, frozen, opened again."""

from reportkit.snapshot.answers import fetched, held, listed, numbers, streamed
from reportkit.snapshot.backends import ROW
from reportkit.snapshot.manifest import EntityManifest, Manifest
from reportkit.snapshot.opened import Snapshot
from reportkit.snapshot.taking import take
from reportkit.snapshot.trial import Tried, trial

__all__ = [
    "ROW",
    "EntityManifest",
    "Manifest",
    "Snapshot",
    "Tried",
    "fetched",
    "held",
    "listed",
    "numbers",
    "streamed",
    "take",
    "trial",
]
