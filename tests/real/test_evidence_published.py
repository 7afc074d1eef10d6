"""Evidence against published answers, on data that lies outside the project: Card & Krueger, Sicily, Apache DevLake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reportkit.evidence import Ground, compare, guards, rulers
from reportkit.evidence.cells import Cells
from reportkit.evidence.contrast import contrast
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.kind import Duration, Kind, Rate
from reportkit.model.needle import Example, Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window

# ---- Card & Krueger 1994, table 3: employment in fast food before and after a minimum wage ----------------------------


def test_card_krueger_difference_in_differences(real_data: Path):
    stores = pd.read_csv(real_data / "causal" / "card_krueger.csv").dropna(subset=["fte"])
    assert _change(stores, 1) - _change(stores, 0) == pytest.approx(2.76, abs=0.01)


def test_card_krueger_stores_seen_in_both_waves(real_data: Path):
    stores = pd.read_csv(real_data / "causal" / "card_krueger.csv").dropna(subset=["fte"])
    both = stores[stores.groupby("id").fte.transform("size") == 2]
    assert _change(both, 1) - _change(both, 0) == pytest.approx(2.75, abs=0.01)


def _change(stores: pd.DataFrame, state: int) -> float:
    """The engine's contrast of means: employment over stores, one team, one week a wave."""
    waves = [stores.fte[(stores.nj == state) & (stores.d == wave)] for wave in (0, 1)]
    num, den = np.array([[w.sum() for w in waves]]), np.array([[float(len(w)) for w in waves]])
    found = contrast(Cells(num, den, 1, log=False, owner=np.zeros(1, dtype=np.int64)))
    assert found is not None
    return found.theta


# ---- Sicily: a smoking ban and admissions, Lopez Bernal et al. 2017 ---------------------------------------------------


@pytest.fixture
def admissions(real_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Log admissions per standard population by month, before and after the ban."""
    months = pd.read_csv(real_data / "causal" / "sicily_smoking_ban.csv")
    rate = np.log(months.aces / months.stdpop).to_numpy()
    ban = months.smokban.to_numpy() == 1
    return rate[~ban], rate[ban]


def test_sicily_without_the_trend_has_the_wrong_sign(admissions):
    before, after = admissions
    assert np.exp(after.mean() - before.mean()) == pytest.approx(1.034, abs=0.005)


def test_sicily_with_the_trend_finds_the_published_step(admissions):
    found = rulers.weeks(*admissions, trend=True)
    assert np.exp(found.estimate) == pytest.approx(0.894, abs=0.01)
    assert np.exp(found.high) < 1


def test_the_pre_trend_guard_catches_sicily(admissions):
    before, after = admissions
    theta = float(after.mean() - before.mean())
    found = guards.trend(rulers.weeks(before, after, trend=True), theta, compared=False)
    assert found.passed is False
    assert found.value == pytest.approx(np.log(0.894), abs=0.01)


# ---- Apache DevLake: two changes to how it releases -------------------------------------------------------------------


def needle(kind: Kind, better: str) -> Needle:
    return Needle(
        key="release_wait", label="Wait for release", theme="speed", question="", entity="changes", kind=kind, better=better,
        source="reportkit", example=Example([], 0.0), facts=("change", "changes"),
    )  # fmt: skip


WAIT = needle(Duration(None, None), "lower")
MERGED = needle(Rate(None), "higher")
AUTOMATIC_RELEASE = (date(2021, 12, 30), 13, 24, date(2022, 7, 1))
CHERRY_PICK = (date(2023, 5, 19), 13, 13, date(2023, 10, 1))


def weigh(folder: Path, which: tuple[date, int, int, date], of: Needle = WAIT, statistic: str = "median") -> Evidence:
    start, before, after, cut = which
    proof = Proof(
        name="p", tried="t", treated="all", start=start, before=before, after=after, read_out=cut,
        headline=("release_wait",), statistic=statistic,
    )  # fmt: skip
    facts = changes(folder, cut)
    if isinstance(of.kind, Rate):
        facts = facts.rename(columns={"start": "at"})
    return compare(facts, of, proof, Ground("UTC", Window(date(2021, 8, 24), cut), cut))


def changes(folder: Path, cut: date) -> pd.DataFrame:
    """Merged changes with the scope of their title as team, as known at the cut."""
    rows = pd.read_csv(folder / "git-devlake" / "devlake_changes.csv")
    scope = rows.subject.str.extract(r"^[A-Za-z]+\(([^)]*)\)!?:")[0].str.lower().str.split(",").str[0].str.strip()
    instant = pd.Timestamp(cut, tz="UTC")
    frame = pd.DataFrame(
        {
            "team": scope.where(scope.notna() & (scope != ""), "core"),
            "start": pd.to_datetime(rows.merged_at, utc=True),
            "end": pd.to_datetime(rows.released_at, utc=True),
        }
    )
    frame = frame[frame.start < instant]
    return frame.assign(end=frame.end.where(frame.end < instant))


@pytest.mark.parametrize("statistic", ["median", "typical"])
def test_automatic_release_is_no_triumph(real_data: Path, statistic: str):
    found = weigh(real_data, AUTOMATIC_RELEASE, statistic=statistic)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert found.interval is None
    assert found.reason.startswith("fewer than half of the changes begun in the weeks before the start were finished")
    assert found.teams == ("core",)
    assert (found.before.facts, found.before.closed, found.after.facts) == (211, 29, 522)


def test_automatic_cherry_pick_is_not_shown(real_data: Path):
    found = weigh(real_data, CHERRY_PICK)
    assert (found.verdict, found.grade) == (Verdict.NOT_SHOWN, Grade.C)
    assert len(found.teams) >= 4 > found.solid  # most scopes have one to five changes on a side
    assert found.after.value > 3 * found.before.value
    assert found.good is False
    assert found.interval.low < 1 < found.interval.high
    assert found.ruler == "teams"  # one team does most of the work


def test_level_equals_a_survival_curve_by_hand(real_data: Path):
    found = weigh(real_data, CHERRY_PICK)
    frame = changes(real_data, CHERRY_PICK[3])
    begin, end = pd.Timestamp("2023-02-13", tz="UTC"), pd.Timestamp("2023-05-15", tz="UTC")
    mine = frame[frame.team.isin(found.teams) & (frame.start >= begin) & (frame.start < end)]
    span = (mine.end.where(mine.end < end).fillna(end) - mine.start).dt.total_seconds() / 86400
    ended = mine.end < end
    survival = 1.0
    for t in sorted(span[ended].unique()):
        survival *= 1 - ((span == t) & ended).sum() / (span >= t).sum()
        if survival <= 0.5 + 1e-12:
            break
    assert found.before.value == pytest.approx(t, rel=1e-12)
    assert (found.before.facts, found.before.closed) == (len(mine), int(ended.sum()))


def test_merged_changes_a_week_show_nothing(real_data: Path):
    found = weigh(real_data, CHERRY_PICK, MERGED)
    assert found.verdict is Verdict.NOT_SHOWN
    assert found.before.value == found.before.facts / 13
