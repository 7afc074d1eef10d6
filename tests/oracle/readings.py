"""What Northwind's needles are, over a quarter and in a proof, worked out in plain Python from the raw exports."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from statistics import median

from tests.northwind import truth
from tests.oracle.needles import DAYS_A_MONTH, Number
from tests.oracle.northwind import Mark, Raw, Span, midnight

LIFE = (
    "pull_request_merge_time", "release_wait", "review_wait", "engineer_onboarding", "service_onboarding", "lead_time", "product_launch_time",
    "time_to_production", "remediation_time",
)  # fmt: skip
FINISHED = {"lead_time_for_changes": 24.0, "recovery_time": 1.0}  # needle: hours of its unit
RATES = {"deployment_frequency": 7, "features_released": DAYS_A_MONTH, "sla_breaches": 7}
AMOUNTS = ("storage_cost", "hosting_cost", "total_cost_of_ownership")
SHARES = ("standard_path", "change_failure_rate", "manual_evidence", "high_risk_changes", "change_success")
LAST_SEEN = ("environment_drift", "security_coverage", "reliability_coverage")
RATIOS = (
    "coordination_tax",
    "flow_efficiency",
    "manual_approvals",
    "toil",
    "value_time",
    "availability",
    "return_on_investment",
)
STOCKS = ("open_vulnerabilities", "endpoint_vulnerabilities")
EVENTS = ((date(2024, 11, 25), date(2024, 12, 27)), (date(2025, 7, 3), date(2025, 7, 24)),
          (date(2025, 11, 24), date(2025, 12, 27)), (date(2026, 7, 2), date(2026, 7, 23)))  # fmt: skip
HOLIDAYS = tuple(date.fromisoformat(day) for day in (
    "2024-12-24", "2024-12-25", "2024-12-26", "2025-01-01", "2025-12-24", "2025-12-25", "2025-12-26", "2026-01-01"))  # fmt: skip
DAY = timedelta(days=1)
NONE = Number(None, 0)


def in_quarter(raw: Raw, needle: str, start: date, end: date) -> Number:  # noqa: C901, PLR0911  (one case a kind)
    """A needle in a quarter, whole organisation; None where there is nothing to say."""
    if end <= truth.FIRST_DAY:
        return NONE
    months = 3
    if needle in LIFE or needle == "predictability":
        return _life(raw.spans(needle), midnight(start), midnight(end), spread=needle == "predictability")
    if needle in FINISHED:
        ended = [s for s in raw.spans(needle) if s.ended and midnight(start) <= s.ended < midnight(end)]
        hours = [(s.ended - s.began) / timedelta(hours=1) for s in ended if s.ended]
        return Number(median(hours) / FINISHED[needle], len(hours)) if hours else NONE
    if needle in STOCKS:
        count = len(_standing(raw.spans(needle), midnight(end)))
        return Number(float(count), count)
    if needle == "vulnerable_assets":
        count = len({s.what for s in _standing(raw.spans(needle), midnight(end))})
        return Number(float(count), count)
    if needle == "adoption":
        return _adoption(raw, end)
    if needle in ("outages", "key_event_outages"):
        return _outages(raw, needle, start, end)
    inside = [m for m in raw.marks(needle) if midnight(start) <= m.at < midnight(end)]
    if needle in RATES:
        length = months if RATES[needle] != 7 else (end - start).days / 7
        return Number(len(inside) / length, len(inside))
    if needle in AMOUNTS:
        return Number(sum(m.top for m in inside) / months, len(inside))
    if needle in LAST_SEEN:
        inside = list({m.what: m for m in sorted(inside, key=lambda m: m.at)}.values())
    if needle == "cost_per_journey":
        return _per_journey(raw, inside, start, end)
    if needle == "incidents_per_service":
        return Number(len(inside) / _service_months(raw, start, end), len(inside))
    return Number(sum(m.top for m in inside) / sum(m.bottom for m in inside), len(inside)) if inside else NONE


def _standing(spans: Iterable[Span], at: datetime) -> list[Span]:
    return [s for s in spans if s.began < at and (s.ended is None or s.ended >= at)]


def _life(spans: Iterable[Span], begins: datetime, ends: datetime, *, spread: bool) -> Number:
    """Median days of the life table; with `spread` its 90 % point ÷ the median."""
    lives = []
    for s in spans:
        if s.began < ends and (s.ended is None or s.ended >= begins):
            over = s.ended is not None and s.ended < ends
            last = s.ended if over and s.ended else ends
            lives.append((max(timedelta(0), begins - s.began), last - s.began, over))
    entries, lasts = sorted(entry for entry, _, _ in lives), sorted(last for _, last, _ in lives)
    survival, curve = 1.0, []
    for age, ended in sorted(Counter(last for _, last, over in lives if over).items()):
        survival *= 1 - ended / (bisect_right(entries, age) - bisect_left(lasts, age))
        curve.append((age, survival))
    facts = sum(over for _, _, over in lives)
    middle = _age(curve, 0.5)
    if middle is None:
        return Number(None, facts)
    tail = _age(curve, 0.1)
    if spread:
        return Number(tail / middle if tail is not None else None, facts)
    return Number(middle / DAY, facts)


def _age(curve: Sequence[tuple[timedelta, float]], level: float) -> timedelta | None:
    """The age at which survival is down to a level; in the middle where it stays there for a while."""
    by = next((age for age, s in curve if s <= level + 1e-9), None)
    past = next((age for age, s in curve if s < level - 1e-9), by)
    return None if by is None or past is None else by + (past - by) / 2


def _adoption(raw: Raw, end: date) -> Number:
    def before(text: str) -> bool:
        return bool(text) and midnight(date.fromisoformat(text)) < midnight(end)

    there = [s for s in raw.owners.values() if before(s["created"]) and not before(s["retired"])]
    return Number(sum(before(s["on_platform"]) for s in there) / len(there), len(there))


def _outages(raw: Raw, needle: str, start: date, end: date) -> Number:
    key = needle == "key_event_outages"
    if key and not any(first < end and last > start for first, last in EVENTS):
        return NONE
    begun = [at for at in raw.outages(EVENTS if key else ()) if midnight(start) <= at < midnight(end)]
    return Number(len(begun) / (1 if key else 3), len(begun))


def _service_months(raw: Raw, start: date, end: date) -> float:
    first, last, total = midnight(start), midnight(end), 0.0
    for service in raw.owners.values():
        begun = max(first, midnight(date.fromisoformat(service["created"])))
        until = min(last, midnight(date.fromisoformat(service["retired"]))) if service["retired"] else last
        total += max(0.0, (until - begun) / (last - first)) * 3
    return total


def _per_journey(raw: Raw, charges: Sequence[Mark], start: date, end: date) -> Number:
    done: dict[str, float] = defaultdict(float)
    for row in raw.rows("usage.csv"):
        if row["metric"] == "journeys" and start <= date.fromisoformat(row["month"]) < end:
            done[row["journey"]] += float(row["quantity"])
    met = [c for c in charges if c.what in done]
    return Number(sum(c.top for c in met) / sum(done[j] for j in {c.what for c in met}), len(met))


# ---- proofs ----------------------------------------------------------------------------------------------------------


def levels(raw: Raw, name: str, needle: str) -> dict[str, Number]:
    """The needle of the proof's teams and of all others, before and after: 'before', 'comparison_after' …"""
    tried = truth.PROOFS[name]
    find = _of_spans if needle in (*LIFE, *FINISHED, *STOCKS) else _of_marks
    found = find(raw, needle, tried)
    return {
        f"{side}{when}": number
        for side, pair in found.items()
        for when, number in zip(("before", "after"), pair, strict=True)
    }


def _sides(tried: truth.Tried, teams: Iterable[str]) -> dict[str, list[str]]:
    known = sorted(set(teams))
    return {"": [t for t in known if t in tried.treated], "comparison_": [t for t in known if t not in tried.treated]}


def _of_spans(raw: Raw, needle: str, tried: truth.Tried) -> dict[str, tuple[Number, Number]]:
    windows = [(midnight(first), midnight(last)) for first, last in tried.windows]
    begun = [[s for s in raw.spans(needle) if first <= s.began < last] for first, last in windows]
    both = {s.team for s in begun[0]} & {s.team for s in begun[1]}
    if needle in STOCKS:
        both = {s.team for s in raw.spans(needle)}
    found = {}
    for side, teams in _sides(tried, both).items():
        pair = []
        for (_, last), spans in zip(windows, begun, strict=True):
            mine = [s for s in spans if s.team in teams]
            if needle in STOCKS:
                count = len(_standing([s for s in raw.spans(needle) if s.team in teams], last))
                pair.append(Number(float(count), len(mine)))
            else:
                pair.append(Number(_survival(mine, last), len(mine)))
        found[side] = (pair[0], pair[1])
    return found


def _survival(spans: Sequence[Span], stop: datetime) -> float | None:
    """Kaplan–Meier median days, the clock stopped at the window's end and on holidays."""
    lives = [
        (_worked(s.began, s.ended if (over := bool(s.ended and s.ended < stop)) and s.ended else stop), over)
        for s in spans
    ]
    survival, ages = 1.0, sorted(age for age, _ in lives)
    for age, ended in sorted(Counter(age for age, over in lives if over).items()):
        survival *= 1 - ended / (len(ages) - bisect_left(ages, age))
        if survival <= 0.5 + 1e-12:
            return age
    return None


def _worked(start: datetime, end: datetime) -> float:
    closed = sum(
        (max(timedelta(0), min(end, midnight(day + DAY)) - max(start, midnight(day))) for day in HOLIDAYS), timedelta(0)
    )
    return (end - start - closed) / DAY


def _of_marks(raw: Raw, needle: str, tried: truth.Tried) -> dict[str, tuple[Number, Number]]:
    windows = [(midnight(first), midnight(last)) for first, last in tried.windows]
    inside = [[m for m in raw.marks(needle) if first <= m.at < last] for first, last in windows]
    both = {m.team for m in inside[0]} & {m.team for m in inside[1]}
    weeks = [(last - first).days / 7 for first, last in tried.windows]
    counted: Callable[[Sequence[Mark], float], float]
    if needle in RATES:
        per = RATES[needle] / 7
        counted = lambda marks, length: per * len(marks) / length  # noqa: E731
    else:
        counted = lambda marks, length: DAYS_A_MONTH / 7 * sum(m.top for m in marks) / length  # noqa: E731
    found = {}
    for side, teams in _sides(tried, both).items():
        mine = [[m for m in marks if m.team in teams] for marks in inside]
        sums = [counted(marks, length) for marks, length in zip(mine, weeks, strict=True)]
        values = sums if needle in RATES or needle in AMOUNTS else _weighted(mine, teams)
        found[side] = (Number(values[0], len(mine[0])), Number(values[1], len(mine[1])))
    return found


def _weighted(pair: Sequence[Sequence[Mark]], teams: Sequence[str]) -> list[float]:
    """Σ w r with each team's own Σ top ÷ Σ bottom, and the same w ∝ 1 / (1/d₀ + 1/d₁) before and after."""
    tops, bottoms = (
        [{t: sum(getattr(m, part) for m in marks if m.team == t) for t in teams} for marks in pair]
        for part in ("top", "bottom")
    )
    raw = {t: 1 / (1 / bottoms[0][t] + 1 / bottoms[1][t]) for t in teams}
    return [
        sum(raw[t] * top[t] / bottom[t] for t in teams) / sum(raw.values())
        for top, bottom in zip(tops, bottoms, strict=True)
    ]
