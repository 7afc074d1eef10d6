"""Whether the weeks before the start are told today as they were told then: by the extract that was frozen nearest them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from reportkit.english import remarks
from reportkit.evidence import facts as read
from reportkit.evidence.facts import Facts
from reportkit.evidence.timeline import Timeline
from reportkit.model.kind import Duration
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window

MOST = 0.1  # facts that arrive late move a number a little; more than a tenth is another way of counting
FEWEST = 10


def restated(
    then: pd.DataFrame, now: pd.DataFrame, needle: Needle, proof: Proof, *, covers: Window, time_zone: str
) -> str:
    """A clause where the treated teams' weeks before the start give another number now than they gave then, else ''.

    `covers` is what both extracts cover; weeks outside it are not looked at.
    """
    before = proof.windows[0]
    window = Window(max(before.start, covers.start), max(before.start, covers.start, min(before.end, covers.end)))
    if not window.weeks:
        return ""
    timeline = Timeline(window, Window(window.end, window.end), time_zone)
    old, new = (_told(read.read(frame, needle.kind), needle, proof, timeline) for frame in (then, now))
    if min(old[0], new[0]) < FEWEST and max(old[0], new[0]) < 2 * FEWEST:
        return ""
    if _apart(old[0], new[0]) or _apart(old[1], new[1]):
        return remarks.restated(window.label, needle, old, new)
    return ""


def _apart(old: float, new: float) -> bool:
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) != math.isnan(new)
    return abs(new - old) > MOST * max(abs(old), abs(new), 1e-12)


def _told(facts: Facts, needle: Needle, proof: Proof, timeline: Timeline) -> tuple[int, float]:
    """The treated teams' facts of the window, and their number: the median of those finished in it, a sum, a share."""
    teams = facts.names if proof.treated == "all" else tuple(set(facts.names) & set(proof.treated))
    mine = facts.of(teams)
    inside = mine.where(timeline.week_of(mine.start, timeline.before) >= 0)
    if isinstance(needle.kind, Duration) and inside.end is not None:
        ended = inside.where(inside.end < timeline.end(timeline.before))
        if not len(ended) or ended.end is None:
            return 0, math.nan
        days = (ended.end - ended.start) / float(needle.kind.unit.seconds or 86400)
        return len(ended), float(np.median(days))
    if inside.parts is not None:
        top, bottom = (float(part.sum()) for part in inside.parts)
        return len(inside), top / bottom if bottom > 0 else math.nan
    return len(inside), float(len(inside))
