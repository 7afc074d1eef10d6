"""Several needles of one extract, several at a time where that is sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from reportkit import derived
from reportkit.errors import MeasureError
from reportkit.measure.needs import uses
from reportkit.model.needle import Needle
from reportkit.snapshot import Snapshot

T = TypeVar("T")


def each(snapshot: Snapshot, needles: Sequence[Needle], ask: Callable[[Needle], T]) -> list[T]:
    """What `ask` gives of each needle, in their order: `each(snapshot, needles, lambda n: reading(snapshot, n, window))`.

    Over many facts the embedded engine works on two needles at a time; `ask` may then run in another thread. Raises what
    asking one after the other would raise.
    """
    linked = [i for i, needle in enumerate(needles) if _links(needle)]
    others = [i for i in range(len(needles)) if i not in linked]
    # Links take longest, and are worked out once: who also rests on them would only wait for the first.
    begin = [*linked[:1], *others, *linked[1:]]
    return snapshot.at_once([partial(ask, needle) for needle in needles], begin)


def _links(needle: Needle) -> bool:
    """Whether incidents have to be linked to deployments; a broken declaration is told of by whoever asks."""
    try:
        return derived.links(uses(needle)[needle.entity])
    except MeasureError:
        return False
