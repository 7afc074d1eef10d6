"""What was promised last quarter and what became of it; and what earlier reports said that is said otherwise now."""

from __future__ import annotations

from reportkit.display import Block, Figure, Page
from reportkit.english import headings
from reportkit.english import promises as say
from reportkit.figures.promises import Row, promises_table
from reportkit.findings import Findings
from reportkit.measure import lacking
from reportkit.model.bets import Promise, Told
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter
from reportkit.model.shown import Shown
from reportkit.needles import library
from reportkit.sections.parts import heading, note, reading_shown


def promised(findings: Findings) -> Page:
    """The bets that stood when the quarter began, each with hit, missed or too early, and how many were hit so far."""
    rows = [_row(findings, promise) for promise in _standing(findings)]
    if not rows:
        return Page(())
    today = findings.quarter.window.end
    parts: list[Block | Figure] = [heading(headings.PROMISED), promises_table(rows, today)]
    parts.append(note(say.share([row.promise.outcome(row.value, today) for row in rows])))
    return Page(tuple(parts))


def _standing(findings: Findings) -> list[Promise]:
    """The bets on this reader's needles that had been written and were not due before the quarter."""
    window, audience = findings.quarter.window, findings.audience
    ours = dict.fromkeys((audience.quantified_by, *audience.needles))
    found = [p for p in findings.background.promises if p.needle in ours and p.needle in library()]
    known = [p for p in found if p.opens < window.end and (p.written is None or p.written < window.start)]
    order = list(ours)
    return sorted((p for p in known if p.deadline >= window.start), key=lambda p: (order.index(p.needle), p.deadline))


def _row(findings: Findings, promise: Promise) -> Row:
    """The bet beside the quarter's number: the deadline's own where it is due, else how it stands so far."""
    needle = findings.needle(promise.needle)
    if lacking(findings.snapshot, needle):
        return Row(promise, needle, float("nan"))
    reading = findings.now(needle)
    return Row(
        promise, needle, reading.value, (reading_shown(findings, needle, reading), _target_shown(promise, needle))
    )


def _target_shown(promise: Promise, needle: Needle) -> Shown:
    return Shown(
        id=f"bet.{promise.needle}.{promise.deadline}", text=say.target(promise, needle), value=promise.target,
        unit=needle.unit.key, needle=promise.needle,
    )  # fmt: skip


def restated(findings: Findings) -> list[Block]:
    """A note for each needle whose number of an earlier quarter is another one now, the old number beside the new."""
    found = [text for needle in findings.needles if (text := _restated(findings, needle))]
    return (
        [note(headings.restated([text for text, _ in found]), tuple(s for _, shown in found for s in shown))]
        if found
        else []
    )


def _restated(findings: Findings, needle: Needle) -> tuple[str, tuple[Shown, ...]] | None:
    """The latest quarter of those in the table that was told otherwise; None where all were told alike."""
    now = {reading.window: reading for reading in findings.history(needle) if reading.known}
    for told in reversed(findings.background.told):
        quarter = Quarter.parse(told.quarter, findings.quarter.first_month)
        reading = now.get(quarter.window)
        old = told.numbers.get(f"{needle.key}.{quarter.window.start}/{quarter.window.end}")
        if reading is None or old is None or old["text"] == needle.unit.text(reading.value):
            continue
        shown = Shown(
            id=f"{needle.key}.{quarter}.as_reported", text=old["text"], value=old.get("value"), unit=needle.unit.key,
            needle=needle.key, window=old.get("window"), n=old.get("n"),
        )  # fmt: skip
        text = say.restated(needle, quarter, old["text"], needle.unit.text(reading.value), _why(findings, needle, told))
        return text, (shown, reading_shown(findings, needle, reading))
    return None


def _why(findings: Findings, needle: Needle, told: Told) -> str:
    """What was changed since: 'definition', 'mapping', or 'facts' where both are as they were."""
    then, now = told.definitions.get(needle.key, {}), findings.background.definitions.get(needle.key, {})
    return next((part for part in ("definition", "mapping") if then.get(part, now.get(part)) != now.get(part)), "facts")
