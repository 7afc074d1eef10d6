"""How often each method cries wolf, misses, or is wrong: worlds with a known truth, drawn with fixed seeds.

    make calibration                                          # all of it, CausalImpact included where it installs
    python benchmarks/calibration.py                          # 300 draws a world
    python benchmarks/calibration.py 1000 --picture docs/calibration.png

Null worlds have nothing to find: a method that claims something there is wrong. `claims` counts verdicts (moved or got
worse); `outside` counts intervals that miss the truth. Welch and Mann–Whitney are run as they usually are: on finished
spans, or on weekly numbers, at 5 %. CausalImpact (any environment that has bsts-causalimpact) gets the weekly series, and
the comparison teams' as its covariate where there is one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from worlds import (  # noqa: E402
    FINDS,
    MONDAY,
    NULLS,
    OTHER_FINDS,
    OTHER_NULLS,
    RATE_FINDS,
    RATE_NULLS,
    World,
    draw,
)

from reportkit.evidence import Ground, compare  # noqa: E402
from reportkit.model.evidence import Evidence, Grade, Verdict  # noqa: E402
from reportkit.model.kind import Duration, Kind, Rate, Ratio, Share, Stock  # noqa: E402
from reportkit.model.needle import Example, Needle  # noqa: E402
from reportkit.model.params import Proof  # noqa: E402
from reportkit.model.period import Window  # noqa: E402

KINDS: dict[str, Kind] = {
    "duration": Duration(None, None), "rate": Rate(None), "share": Share(None, None), "ratio": Ratio(None, None, None),
    "stock": Stock(None, None),
}  # fmt: skip
USUAL = ("Welch", "Mann–Whitney", "CausalImpact")


# ---- methods ---------------------------------------------------------------------------------------------------------


def engine(world: World, facts: pd.DataFrame, statistic: str = "median") -> Evidence:
    """What reportkit says."""
    start, end = MONDAY + timedelta(weeks=world.before), MONDAY + timedelta(weeks=world.weeks)
    needle = Needle(
        "n",
        "Needle",
        "speed",
        "",
        "changes",
        KINDS[world.kind],
        "lower",
        "reportkit",
        Example([], 0.0),
        ("fact", "facts"),
    )
    proof = Proof(
        name="p", tried="t", treated=tuple(f"proof {i}" for i in range(world.teams)), start=start, before=world.before,
        after=world.after, read_out=end, comparison="all others" if world.others else "none", headline=("n",),
        statistic=statistic,
    )  # fmt: skip
    holidays = tuple(MONDAY + timedelta(weeks=w) for w in world.quiet)
    return compare(facts, needle, proof, Ground("UTC", Window(MONDAY, end), end, holidays))


def usual(world: World, facts: pd.DataFrame) -> dict[str, bool]:
    """Whether Welch and Mann–Whitney claim something, as they are usually run."""
    a, b = _samples(world, facts[facts.team.str.startswith("proof")])
    if min(len(a), len(b)) < 3 or (a.std() == 0 and b.std() == 0):
        return {"Welch": False, "Mann–Whitney": False}
    return {
        "Welch": bool(stats.ttest_ind(a, b, equal_var=False).pvalue < 0.05),
        "Mann–Whitney": bool(stats.mannwhitneyu(a, b).pvalue < 0.05),
    }


def _samples(world: World, mine: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Finished spans on the log scale, or weekly numbers; before and after."""
    if world.kind != "duration":
        values = weekly(world, mine)
        return values[: world.before], values[world.before :]
    split = pd.Timestamp(MONDAY + timedelta(weeks=world.before), tz="UTC")
    done = mine.dropna(subset=["end"])
    days = np.log((done.end - done.start).dt.total_seconds() / 86400)
    return days[done.start < split].to_numpy(), days[done.start >= split].to_numpy()


def weekly(world: World, facts: pd.DataFrame) -> np.ndarray:
    """The series that a dashboard has: log of the weekly median, counts, shares, costs a unit, or the number open."""
    when = facts["start" if "start" in facts else "at"]
    week = ((when - pd.Timestamp(MONDAY, tz="UTC")).dt.days // 7).to_numpy()
    inside = (week >= 0) & (week < world.weeks)
    if world.kind == "stock":
        edges = [pd.Timestamp(MONDAY + timedelta(weeks=i + 1), tz="UTC") for i in range(world.weeks)]
        return np.array([((facts.start < e) & ~(facts.end < e)).sum() for e in edges], dtype=float)
    if world.kind == "rate":
        return np.bincount(week[inside], minlength=world.weeks).astype(float)
    if world.kind == "duration":
        values = np.log((facts.end - facts.start).dt.total_seconds() / 86400)
        means = values[inside].groupby(week[inside]).median()
    else:
        top = facts.yes.astype(float) if world.kind == "share" else facts.numerator
        bottom = pd.Series(1.0, index=facts.index) if world.kind == "share" else facts.denominator
        means = top[inside].groupby(week[inside]).sum() / bottom[inside].groupby(week[inside]).sum()
    return means.reindex(range(world.weeks)).interpolate(limit_direction="both").to_numpy(dtype=float)


def causal_impact(python: str, series: Sequence[dict]) -> list[bool]:
    """Whether CausalImpact claims something, a series each, worked out in another environment."""
    text = "".join(json.dumps(one) + "\n" for one in series)
    done = subprocess.run(
        [python, str(HERE / "causal_impact_claims.py")], input=text, capture_output=True, text=True, check=True
    )
    return [line == "true" for line in done.stdout.split()]


def usable(python: str | None) -> str | None:
    """The Python, where it has CausalImpact."""
    try:
        asked = subprocess.run([str(python), "-c", "import causal_impact"], capture_output=True, check=False)
    except OSError:
        return None
    return python if asked.returncode == 0 else None


def _series(world: World, facts: pd.DataFrame) -> dict:
    mine = facts.team.str.startswith("proof")
    other = weekly(world, facts[~mine]).tolist() if world.others else None
    return {"y": weekly(world, facts[mine]).tolist(), "x": other, "before": world.before}


# ---- the table -------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """What the engine did in one world, as shares of the draws; and how often the usual methods claimed something."""

    claims: float
    outside: float  # intervals that miss the truth, of those given
    wrong: float  # claims of the wrong direction
    refused: float  # not enough data
    graded_c: float
    ms: float
    usual: dict[str, float] = field(default_factory=dict)


def score(world: World, draws: int, statistic: str = "median", seed: int = 1, python: str | None = None) -> Score:
    """The engine's score in a world, beside the usual methods."""
    found, spent, others, series = [], 0.0, [], []
    for i in range(draws):
        facts = draw(world, seed * 100_000 + i)
        began = time.perf_counter()
        found.append(engine(world, facts, statistic))
        spent += time.perf_counter() - began
        others.append(usual(world, facts))
        if python:
            series.append(_series(world, facts))
    share = {name: sum(o[name] for o in others) / draws for name in USUAL[:2]}
    if python:
        share["CausalImpact"] = sum(causal_impact(python, series)) / draws
    claimed = [e for e in found if e.verdict in (Verdict.MOVED, Verdict.GOT_WORSE)]
    given = [e for e in found if e.interval is not None]
    outside = [e for e in given if not e.interval.low <= world.truth <= e.interval.high]
    known = np.isfinite(world.truth)
    wrong = [e for e in claimed if world.effect != 1 and (e.effect < e.neutral) != (world.effect < 1)]
    return Score(
        len(claimed) / draws, len(outside) / max(len(given), 1) if known else float("nan"), len(wrong) / draws,
        sum(e.verdict is Verdict.NOT_ENOUGH_DATA for e in found) / draws,
        sum(e.grade is Grade.C for e in found) / draws, 1000 * spent / draws, share,
    )  # fmt: skip


Row = tuple[str, World, Score]


def rows(draws: int, python: str | None = None) -> Iterator[Row]:
    """One row a statistic and world."""
    plan: list[tuple[str, tuple[World, ...]]] = [
        ("median", NULLS + FINDS), ("typical", NULLS + FINDS), ("", RATE_NULLS + RATE_FINDS + OTHER_NULLS + OTHER_FINDS),
    ]  # fmt: skip
    for statistic, worlds in plan:
        for world in worlds:
            yield statistic or world.kind, world, score(world, draws, statistic or "median", python=python)


HEAD = ("", "world", "true", "claims", "outside", "wrong way", "no data", "ms", *USUAL)
LAYOUT = "{:<9}{:<30}{:>6}{:>8}{:>9}{:>11}{:>9}{:>6}{:>8}{:>14}{:>14}"


def line(label: str, world: World, own: Score) -> str:
    """A row of the table. Grade C makes no claim, and its interval is of these teams alone: no coverage is counted."""
    outside = "–" if own.graded_c == 1 or not np.isfinite(own.outside) else f"{own.outside:.1%}"
    others = [f"{own.usual[name]:.1%}" if name in own.usual else "–" for name in USUAL]
    return LAYOUT.format(
        label, world.name, f"{world.effect:.2g}", f"{own.claims:.1%}", outside, f"{own.wrong:.1%}", f"{own.refused:.1%}",
        f"{own.ms:.1f}", *others,
    )  # fmt: skip


def summary(found: Sequence[Row]) -> str:
    """The numbers to reach: false alarms, coverage, wrong direction."""
    nulls = [s for _, w, s in found if w.effect == 1]
    covered = [s.outside for s in (s for _, _, s in found) if s.graded_c < 1 and np.isfinite(s.outside)]
    alarms = [s.claims for s in nulls]
    usual_alarms = {name: [s.usual[name] for s in nulls if name in s.usual] for name in USUAL}
    told = "; ".join(f"{name} {np.mean(v):.0%} and {max(v):.0%}" for name, v in usual_alarms.items() if v)
    return (
        f"False alarms {np.mean(alarms):.1%} on average and {max(alarms):.1%} at most ({told}). Intervals hold the truth "
        f"in {1 - np.mean(covered):.1%} on average and {1 - max(covered):.1%} at least. "
        f"Wrong direction {max(s.wrong for _, _, s in found):.1%} at most."
    )


# ---- the picture -----------------------------------------------------------------------------------------------------


DRAWN = (
    "independent", "weeks alike, 0.5", "teams drift", "mix shifts", "trend", "much still open", "overdispersed",
    "teams drift, comparison",
)  # fmt: skip
RATES_DRAWN = ("independent", "weeks alike, 0.5", "teams drift", "trend", "a holiday")
SHOWN = {("median", name) for name in DRAWN} | {("rate", name) for name in RATES_DRAWN}


def picture(found: Sequence[Row], path: Path, draws: int) -> None:
    """False alarms by world, one dot a method: a small picture for the README."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = [(label, w, s) for label, w, s in found if w.effect == 1 and (label, w.name) in SHOWN]
    chosen.sort(key=lambda row: max(row[2].usual.values()))
    figure = Figure(figsize=(8.2, 0.23 * len(chosen) + 0.9), dpi=130)
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.27, 0.12, 0.70, 0.76))
    styles = {"Welch": "#9aa5b1", "Mann–Whitney": "#c3853b", "CausalImpact": "#8a6fb0"}
    ax.axvline(5, color="#0b5c5f", lw=0.8, ls=(0, (3, 2)), zorder=1)
    for y, (_, _, one) in enumerate(chosen):
        ax.plot([0, 100], [y, y], color="#e5e9ee", lw=0.6, zorder=0)
        for name, colour in styles.items():
            if name in one.usual:
                ax.plot(100 * one.usual[name], y, "o", color=colour, ms=5, mew=0, clip_on=False, zorder=3)
        ax.plot(100 * one.claims, y, "D", color="#0b5c5f", ms=6, mew=0, zorder=4, clip_on=False)
    names = [f"{'duration' if label == 'median' else label}: {w.name}" for label, w, _ in chosen]
    ax.set_yticks(range(len(chosen)), names, fontsize=8)
    ax.set_xlim(-1, 100)
    ax.set_xticks([0, 5, 20, 40, 60, 80, 100], ["0", "5%", "20%", "40%", "60%", "80%", "100%"], fontsize=8)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    shown = [name for name in styles if any(name in s.usual for _, _, s in chosen)]
    x = 0.29
    figure.text(0.02, 0.94, "False claims where nothing happened", fontsize=9, weight="bold")
    for name, colour, mark in (("reportkit", "#0b5c5f", "◆"), *((n, styles[n], "●") for n in shown)):
        x += 0.135
        figure.text(x, 0.94, f"{mark} {name}", color=colour, fontsize=8.5)
    figure.text(
        0.27,
        0.01,
        f"{draws} draws a world; the dashed line is the 5% that each method promises",
        fontsize=7.5,
        color="#5a6672",
    )
    figure.savefig(path, metadata={"Software": None})


def main(draws: int, python: str | None, target: Path | None, write: Callable[[str], object] = print) -> None:
    """Print the table as it is worked out, then the sums; draw the picture where one is asked for."""
    write(LAYOUT.format(*HEAD))
    found = []
    for row in rows(draws, python):
        found.append(row)
        write(line(*row))
    write(summary(found))
    if target:
        picture(found, target, draws)
        write(f"drew {target}")


if __name__ == "__main__":
    warnings.simplefilter("error")
    asked = argparse.ArgumentParser(description="Calibration of the evidence, beside the usual methods.")
    asked.add_argument("draws", type=int, nargs="?", default=300)
    asked.add_argument("--picture", type=Path, help="where to draw false alarms by world, such as docs/calibration.png")
    asked.add_argument("--causal-impact", metavar="PYTHON", help="a Python that has bsts-causalimpact")
    given = asked.parse_args()
    main(given.draws, usable(given.causal_impact), given.picture)
