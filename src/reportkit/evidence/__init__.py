"""Before and after, weighed so that a hostile reader believes it: cells → contrast → rulers → guards → verdict."""

from reportkit.evidence.compare import compare, compare_all
from reportkit.evidence.study import Case, Ground

__all__ = ["Case", "Ground", "compare", "compare_all"]
