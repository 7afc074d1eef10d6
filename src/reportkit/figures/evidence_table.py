"""The table of evidence: what each needle of a proof did, how sure we are, and what may be said."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from reportkit.display import Block
from reportkit.english import sentences as say
from reportkit.english import tables as words
from reportkit.figures.theme import MARKS, quantity
from reportkit.model.evidence import Evidence, Guard, Level
from reportkit.model.needle import Needle

NOTHING = Markup('<span class="rk-none">–</span>')


def evidence_table(pairs: Sequence[tuple[Evidence, Needle]]) -> Block:
    """One row a needle: before, after, comparison, effect with interval, verdict and grade; its placebo date below it."""
    compared = any(e.comparison_before and e.comparison_after for e, _ in pairs)
    columns = [(words.NEEDLE, "name"), (words.BEFORE, "num"), (words.AFTER, "num now")]
    columns += [(words.COMPARISON, "num")] if compared else []
    columns += [(words.EFFECT, "num"), (words.INTERVAL, "num"), (words.VERDICT, "verdict")]
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style.replace(" ", " rk-"), label)
        for label, style in columns
    )
    body = Markup("").join(_row(e, n, columns) + _placebo(e, n, columns) for e, n in pairs)
    html = Markup(
        '<table class="rk-evidence-table" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(head, body)
    return Block("evidence", html, "\n".join(_plain(e, n) for e, n in pairs))


def _row(evidence: Evidence, needle: Needle, columns: Sequence[tuple[str, str]]) -> Markup:
    interval = say.interval(evidence, needle)
    cells = {
        words.BEFORE: _level(evidence, evidence.before, needle),
        words.AFTER: _level(evidence, evidence.after, needle),
        words.COMPARISON: _comparison(evidence, needle),
        words.EFFECT: Markup("{}").format(say.effect(evidence, needle)) if math.isfinite(evidence.effect) else NOTHING,
        words.INTERVAL: Markup("{}").format(interval) if interval else NOTHING,
        words.VERDICT: _verdict(evidence),
    }
    first = Markup('<th scope="row" role="rowheader" class="rk-name">{}<span class="rk-owners">{}</span></th>').format(
        needle.label, say.facts_brief(evidence, needle)
    )
    rest = (
        Markup('<td role="cell" class="rk-{}" data-label="{}">{}</td>').format(
            style.replace(" ", " rk-"), label, cells[label]
        )
        for label, style in columns[1:]
    )
    return Markup('<tr role="row">{}{}</tr>').format(first, Markup("").join(rest))


def _placebo(evidence: Evidence, needle: Needle, columns: Sequence[tuple[str, str]]) -> Markup:
    """A row for the date in the middle of the baseline, when nothing was tried; nothing where none could be tried."""
    guard = _tried(evidence)
    if guard is None:
        return Markup("")
    verdict = words.SIMILAR if guard.passed is False else words.NOTHING_LIKE_IT
    said = {
        words.EFFECT: say.guarded(guard, evidence, needle),
        words.INTERVAL: say.guarded_interval(guard, evidence, needle),
        words.VERDICT: verdict,
    }
    cells = Markup("").join(
        Markup('<td role="cell" class="rk-{}" data-label="{}">{}</td>').format(
            style.replace(" ", " rk-"), label, said.get(label) or NOTHING
        )
        for label, style in columns[1:]
    )
    head = Markup('<th scope="row" role="rowheader" class="rk-name">{}</th>').format(words.PLACEBO)
    return Markup('<tr role="row" class="rk-placebo">{}{}</tr>').format(head, cells)


def _tried(evidence: Evidence) -> Guard | None:
    return next((g for g in evidence.guards if g.name == "placebo" and g.value is not None), None)


def _level(evidence: Evidence, level: Level, needle: Needle) -> Markup:
    """The level; under that of a duration the statistic that was not tested, and its P85."""
    if math.isfinite(level.value):
        under = Markup("").join(
            Markup('<span class="rk-owners">{} {}</span>').format(say.UNDER[name], needle.unit.number(value))
            for name, value in say.beneath(evidence, level)
        )
        value = quantity(needle.unit, level.value)
        return Markup("<span>{}{}</span>").format(value, under) if under else value
    return Markup('<span class="rk-none">{}</span>').format(words.NOT_REACHED if level.facts else words.NO_FACTS)


def _comparison(evidence: Evidence, needle: Needle) -> Markup:
    before, after = evidence.comparison_before, evidence.comparison_after
    if before is None or after is None or not (math.isfinite(before.value) and math.isfinite(after.value)):
        return NOTHING
    return Markup("{} → {}").format(needle.unit.number(before.value), quantity(needle.unit, after.value))


def _verdict(evidence: Evidence) -> Markup:
    mark = MARKS[evidence.verdict]
    return Markup('<span><span class="rk-verdict rk-{}">{} {}</span><span class="rk-owners">{}</span></span>').format(
        mark.mood, mark.html, mark.word, words.grade(evidence.grade.value)
    )


def _plain(evidence: Evidence, needle: Needle) -> str:
    return words.weighed(evidence, needle, _tried(evidence))
