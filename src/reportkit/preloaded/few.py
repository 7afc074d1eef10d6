"""What a kernel imports whose pages were kept by an earlier build: a second and more less than otherwise.

What a cell needs beyond that it imports itself.
"""

from __future__ import annotations

from reportkit.preloaded import load
from reportkit.preloaded.shell import SHELL

MODULES = (*SHELL, "reportkit.forks", "reportkit.report", "reportkit.workspace")

load(MODULES, lambda: None)
