"""Whether CausalImpact claims something, for each weekly series on stdin: run by calibration.py in an environment of its own.

One JSON object a line: {"y": [...], "x": [...] or null, "before": 13}; answers with one 'true' or 'false' a line.
"""

from __future__ import annotations

import json
import sys

import pandas as pd
from causal_impact import CausalImpact


def claims(series: dict) -> bool:
    """Whether the posterior tail-area probability is below 5 %."""
    frame = pd.DataFrame({"y": series["y"]} | ({"x": series["x"]} if series["x"] else {}))
    before = series["before"]
    found = CausalImpact(frame, [0, before - 1], [before, len(frame) - 1])
    return float(found.summary_stats["p_value"]) < 0.05


for line in sys.stdin:
    sys.stdout.write("true\n" if claims(json.loads(line)) else "false\n")
