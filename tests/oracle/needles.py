"""What a needle is over a period, in SQL over `spans` and `events`."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb

DAYS_A_MONTH = 365.25 / 12
DAYS_A_WEEK = 7
FINISHED = ("lead_time_for_changes", "recovery_time")


@dataclass(frozen=True)
class Number:
    """A number, and how many facts it rests on. None: there is nothing to say."""

    value: float | None
    facts: int


@dataclass(frozen=True)
class Trial:
    """A proof of concept as dates and teams; `treated` None is everybody."""

    before: tuple[date, date]
    after: tuple[date, date]
    treated: Sequence[str] | None = None
    compared: bool = False  # with everybody else
    durations: Sequence[str] = ()
    rates: Mapping[str, float] = field(default_factory=dict)  # needle: days in its period


@dataclass(frozen=True)
class Oracle:
    """Facts on an open connection, as known at the end of a quarter."""

    connection: duckdb.DuckDBPyConnection
    zone: str
    covers: tuple[date, date]

    def midnight(self, day: date) -> str:
        """SQL of the instant at which the day begins."""
        return f"timezone('{self.zone}', TIMESTAMP '{day}')"

    def median(self, needle: str, start: date, end: date) -> Number:
        """Median days of a needle in a period by the rule that it declares: DORA's of finished spans, or the life table's."""
        first, last = max(start, self.covers[0]), min(end, self.covers[1])
        if first >= last:
            return Number(None, 0)
        return (
            self.finished_median(needle, first, last) if needle in FINISHED else self.life_median(needle, first, last)
        )

    def life_median(self, needle: str, start: date, end: date) -> Number:
        """Median days of the life table: who was open at which age is counted anew for each age at which a span ended."""
        begins, ends = f"epoch({self.midnight(start)})", f"epoch({self.midnight(end)})"
        row = self._row(f"""
            WITH lives AS (
                SELECT greatest(0, {begins} - epoch(began)) AS entry, least(coalesce(epoch(ended), {ends}), {ends}) - epoch(began) AS left_at,
                       coalesce(epoch(ended) < {ends}, false) AS has_ended
                FROM spans WHERE needle = '{needle}' AND epoch(began) < {ends} AND coalesce(epoch(ended), {ends}) >= {begins}),
            ages AS (SELECT left_at AS age, count(*) AS ended FROM lives WHERE has_ended GROUP BY 1),
            risk AS (SELECT age, ages.ended, count(*) AS at_risk FROM ages JOIN lives ON entry <= age AND left_at >= age GROUP BY 1, 2),
            curve AS (SELECT age, product(1 - ended / at_risk::DOUBLE) OVER (ORDER BY age) AS survival FROM risk)
            SELECT min(age) FILTER (survival <= 0.5 + 1e-12) / 86400, min(age) FILTER (survival < 0.5 - 1e-12) / 86400,
                   (SELECT coalesce(sum(ended), 0) FROM ages) FROM curve""")
        first, past, facts = row
        return Number(None if first is None else (first + (first if past is None else past)) / 2, int(facts))

    def finished_median(self, needle: str, start: date, end: date) -> Number:
        """Median days of the spans that ended in the period."""
        row = self._row(
            "SELECT median(epoch(ended) - epoch(began)) / 86400, count(*) FROM spans"
            f" WHERE needle = '{needle}' AND ended >= {self.midnight(start)} AND ended < {self.midnight(end)}"
        )
        return Number(None if row[0] is None else float(row[0]), int(row[1]))

    def open_at(self, needle: str, end: date) -> int:
        """How many had begun and not ended when `end` began."""
        row = self._row(
            f"SELECT count(*) FROM spans WHERE needle = '{needle}' AND began < {self.midnight(end)}"
            f" AND (ended IS NULL OR ended >= {self.midnight(end)})"
        )
        return int(row[0])

    def rate(self, needle: str, start: date, end: date, days: float) -> Number:
        """Events a week (days=7) or a month, over the part of the period that the data covers."""
        first, last = max(start, self.covers[0]), min(end, self.covers[1])
        if first >= last:
            return Number(None, 0)
        row = self._row(
            f"SELECT count(*) FROM events WHERE needle = '{needle}'"
            f" AND happened >= {self.midnight(first)} AND happened < {self.midnight(last)}"
        )
        length = (last - first).days / days
        if days > DAYS_A_WEEK:  # each day is one of as many as its month has
            each = [first + timedelta(days=n) for n in range((last - first).days)]
            length = sum(1 / monthrange(day.year, day.month)[1] for day in each)
        return Number(row[0] / length, int(row[0]))

    def survival_median(self, needle: str, window: tuple[date, date], teams: Sequence[str]) -> Number:
        """Kaplan–Meier median days of the spans that began in the window; the clock stops at its end."""
        row = self._row(f"""
            WITH cohort AS (
                SELECT epoch(least(coalesce(ended, {self.midnight(window[1])}), {self.midnight(window[1])})) - epoch(began) AS span,
                       coalesce(ended < {self.midnight(window[1])}, false) AS closed
                FROM spans WHERE needle = '{needle}' AND team IN ({_list(teams)})
                 AND began >= {self.midnight(window[0])} AND began < {self.midnight(window[1])}),
            steps AS (SELECT span, count(*) FILTER (closed) AS ends, count(*) AS n FROM cohort GROUP BY span),
            risk AS (SELECT span, ends, sum(n) OVER (ORDER BY span DESC) AS at_risk FROM steps),
            curve AS (SELECT span, product(1 - ends / at_risk::DOUBLE) OVER (ORDER BY span) AS survival FROM risk)
            SELECT (SELECT min(span) / 86400 FROM curve WHERE survival <= 0.5 + 1e-12), (SELECT count(*) FROM cohort)""")
        return Number(None if row[0] is None else float(row[0]), int(row[1]))

    def weekly(self, needle: str, window: tuple[date, date], teams: Sequence[str], days: float) -> Number:
        """Events of the teams together, a week or a month, over a window of whole weeks."""
        row = self._row(
            f"SELECT count(*) FROM events WHERE needle = '{needle}' AND team IN ({_list(teams)})"
            f" AND happened >= {self.midnight(window[0])} AND happened < {self.midnight(window[1])}"
        )
        return Number(row[0] * days / (window[1] - window[0]).days, int(row[0]))

    def trial(self, trial: Trial) -> dict[str, Number]:
        """Every window value of a proof: 'needle.before', 'needle.after', 'needle.comparison_before' …"""
        found = {}
        for side, needle, teams in self._sides(trial):
            for name, window in (("before", trial.before), ("after", trial.after)):
                found[f"{needle}.{side}{name}"] = (
                    self.survival_median(needle, window, teams)
                    if needle in trial.durations
                    else self.weekly(needle, window, teams, trial.rates[needle])
                )
            if needle in trial.rates:
                found[f"{needle}.effect"] = _ratio(found, needle, trial)
        return found

    def _sides(self, trial: Trial) -> list[tuple[str, str, list[str]]]:
        sides = []
        for needle in (*trial.durations, *trial.rates):
            everybody = self._present(needle, trial)
            treated = [t for t in everybody if trial.treated is None or t in trial.treated]
            sides.append(("", needle, treated))
            if trial.compared:
                sides.append(("comparison_", needle, [t for t in everybody if t not in treated]))
        return sides

    def _present(self, needle: str, trial: Trial) -> list[str]:
        """Teams with facts on both sides; of counted things, those that were there before and have a fact on either side."""
        table, moment = ("spans", "began") if needle in trial.durations else ("events", "happened")

        def among(first: date | None, last: date) -> str:
            since = f" AND {moment} >= {self.midnight(first)}" if first else ""
            return f"SELECT team FROM {table} WHERE needle = '{needle}' AND {moment} < {self.midnight(last)}{since}"

        before, after = among(*trial.before), among(*trial.after)
        sql = f"({before}) INTERSECT ({after})"
        if table == "events":
            sql = f"(({before}) UNION ({after})) INTERSECT ({among(None, trial.before[1])})"
        return sorted(row[0] for row in self.connection.execute(sql).fetchall())

    def _row(self, sql: str) -> tuple[Any, ...]:
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return row


def _ratio(found: Mapping[str, Number], needle: str, trial: Trial) -> Number:
    """Rate after ÷ before, over the same of the comparison; all teams were there in every week, so they weigh alike."""

    def change(side: str) -> float:
        before, after = found[f"{needle}.{side}before"].value, found[f"{needle}.{side}after"].value
        return after / before if before and after else math.nan

    facts = found[f"{needle}.before"].facts + found[f"{needle}.after"].facts
    if not trial.compared:
        return Number(change(""), facts)
    if f"{needle}.comparison_after" not in found:
        return Number(math.nan, facts)
    return Number(change("") / change("comparison_"), facts)


def quarters(last: str, count: int = 9) -> list[tuple[date, date]]:
    """The calendar quarters up to and with '2026-Q3', oldest first, as first day and the day after the last."""
    year, number = int(last[:4]), int(last[-1])
    months = [(year * 4 + number - 1 - back) * 3 for back in range(count - 1, -2, -1)]
    firsts = [date(m // 12, m % 12 + 1, 1) for m in months]
    return list(pairwise(firsts))


def printed(value: float) -> str:
    """A number as the reports print it: no decimal from 100, one from 1, two below; zeros at the end dropped."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 or value == 0 else 2
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_in(text: str) -> str:
    """The number at the start of a printed value: '14.2' of '14.2 days', '1804' of '1 804'."""
    plain = re.sub(r"(?<=\d)[\u202f\u00a0](?=\d)", "", text).replace("−", "-")
    found = re.match(r"[^\d-]*(-?\d+(?:\.\d+)?)", plain)
    assert found, text
    return found[1]


def same(given: float | None, expected: float | None) -> bool:
    """Whether two values are the same number to nine digits, or both none."""
    if given is None or expected is None:
        return given is expected
    return math.isclose(given, expected, rel_tol=1e-9, abs_tol=1e-12)


def _list(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names) or "NULL"
