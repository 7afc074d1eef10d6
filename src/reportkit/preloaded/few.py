"""What a kernel imports whose readings, evidence and pictures were kept by an earlier build: a second less than otherwise.

What a cell needs beyond that it imports itself.
"""

from __future__ import annotations

from reportkit.preloaded import load
from reportkit.preloaded.shell import SHELL, catalogues

MODULES = (*SHELL, "reportkit.report", "reportkit.run.provisioner", "reportkit.workspace")

load(MODULES, catalogues)
