"""Executing notebooks: papermill, one kernel process a notebook, parameters that must be the notebook's own."""

from reportkit.run.execute import Executed, Isolated, execute, isolated, stop
from reportkit.run.parameters import cells, check, declared

__all__ = ["Executed", "Isolated", "cells", "check", "declared", "execute", "isolated", "stop"]
