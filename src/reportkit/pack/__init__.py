"""The pack: all reports of a quarter. Plan, run, render, record; the last good report is never replaced by a broken one."""

from reportkit.pack.building import Outcome, Pack, build
from reportkit.pack.plan import Wanted

__all__ = ["Outcome", "Pack", "Wanted", "build"]
