"""What sections are made of: headings, paragraphs and notes as blocks, and the numbers of a page as they are recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from reportkit.display import Block, Page, joined
from reportkit.english import headings
from reportkit.english import sentences as say
from reportkit.english.amounts import detectable, expected
from reportkit.findings import Findings, Path
from reportkit.measure import Part, Reading
from reportkit.model.evidence import Evidence, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Audience
from reportkit.model.shown import Shown
from reportkit.model.unit import DAYS

NOTHING = Page(())


def own_needles(audience: Audience) -> list[str]:
    """The reader's own needles: primary and what puts a number on the problem first, then supporting ones and guardrails."""
    return list(dict.fromkeys((audience.primary, audience.quantified_by, *audience.needles)))


def lead_of(findings: Findings, weighed: Sequence[Evidence]) -> Evidence | None:
    """The headline evidence to lead with: of the reader's own needles only, harm before what moved; None where neither is there."""
    own = own_needles(findings.audience)
    mine = [e for e in weighed if e.headline and e.causal and e.needle in own]
    return min(mine, key=lambda e: (e.verdict is not Verdict.GOT_WORSE, own.index(e.needle)), default=None)


def problem_needle(findings: Findings) -> Needle | None:
    """The needle that puts a number on the problem; where the extract lacks it, the reader's first."""
    wanted = findings.audience.quantified_by
    if wanted not in findings.missing:
        return findings.needle(wanted)
    return findings.needles[0] if findings.needles else None


def whose(findings: Findings, *, article: bool = False) -> str:
    """Whose facts the readings are of: 'team basket' in a report on that team alone, else 'whole organisation'."""
    return headings.whose(findings.snapshot.only, article=article)


def evidence_shown(findings: Findings, evidence: Evidence) -> tuple[Shown, ...]:
    """The numbers of an evidence that pages print: before, after, effect with interval, what was to be expected, what would have shown."""
    needle = findings.needle(evidence.needle)
    stem = f"{evidence.proof}.{evidence.needle}"
    extract = findings.snapshot.hash(needle.entity)
    levels = (("before", evidence.before), ("after", evidence.after),
              ("comparison_before", evidence.comparison_before), ("comparison_after", evidence.comparison_after))  # fmt: skip
    shown = [
        Shown(
            id=f"{stem}.{name}",
            text=needle.unit.text(level.value),
            value=level.value,
            unit=needle.unit.key,
            needle=needle.key,
            proof=evidence.proof,
            window=f"{level.window.start}/{level.window.end}",
            n=level.facts,
            open=(level.facts - level.closed) or None,
            verdict=evidence.verdict.value,
            extract=extract,
        )
        for name, level in levels
        if level is not None and level.value == level.value
    ]
    if evidence.interval is not None:
        shown.append(
            Shown(
                id=f"{stem}.effect",
                text=say.effect(evidence, needle),
                value=evidence.effect,
                unit=evidence.scale,
                needle=needle.key,
                proof=evidence.proof,
                n=evidence.before.facts + evidence.after.facts,
                interval=(evidence.interval.low, evidence.interval.high),
                span=say.interval(evidence, needle),
                verdict=evidence.verdict.value,
                extract=extract,
            )
        )
    if evidence.verdict is Verdict.NOT_ENOUGH_DATA and evidence.reason:
        word = evidence.verdict.value
        shown.append(
            Shown(f"{stem}.lacking", evidence.reason, None, needle=needle.key, proof=evidence.proof, verdict=word)
        )
    return (*shown, *_reckoned(evidence, needle, stem, extract))


def _reckoned(evidence: Evidence, needle: Needle, stem: str, extract: str | None) -> Iterator[Shown]:
    """What is printed beside an evidence: under its levels, the level to be expected without the proof, the least change that shows."""

    def shown(
        name: str, text: str, value: float | None, between: tuple[float, float] | None = None, span: str = ""
    ) -> Shown:
        unit = evidence.scale if name in ("placebo", "detectable") else needle.unit.key
        return Shown(
            f"{stem}.{name}",
            text,
            value,
            unit,
            needle.key,
            evidence.proof,
            interval=between,
            span=span,
            verdict=evidence.verdict.value,
            extract=extract,
        )

    for when, level in (("before", evidence.before), ("after", evidence.after)):
        for what, value in say.beneath(evidence, level):
            yield shown(f"{when}_{what}", needle.unit.text(value), value)
    for name, teams in (("teams", evidence.teams), ("comparison_teams", evidence.comparison_teams)):
        if teams:
            yield Shown(
                f"{stem}.{name}",
                f"{len(teams)}",
                len(teams),
                "teams",
                needle.key,
                evidence.proof,
                verdict=evidence.verdict.value,
            )
    for guard in evidence.guards:
        if guard.name == "placebo" and guard.value is not None:
            between = (guard.interval.low, guard.interval.high) if guard.interval else None
            yield shown(
                "placebo",
                say.guarded(guard, evidence, needle),
                guard.value,
                between,
                say.guarded_interval(guard, evidence, needle),
            )
    if band := expected(evidence):
        low, high = band[1:]
        span = headings.span(needle.unit.text(low), needle.unit.text(high))
        yield shown("expected", needle.unit.text(band[0]), band[0], (low, high), span)
    if evidence.verdict is Verdict.NOT_SHOWN and (text := detectable(evidence, needle)):
        yield shown("detectable", text, evidence.mde)


def path_shown(path: Path, whose: str) -> Iterator[Shown]:
    """The numbers of a way to production: mean days of each step, and the median of the whole."""
    window = f"{path.window.start}/{path.window.end}"
    days = {step.name.lower().replace(" ", "_"): step.days for step in path.steps} | {
        "median": path.median,
        "mean": sum(step.days for step in path.steps),
    }
    for name, value in days.items():
        yield Shown(f"path.{whose}.{window}.{name}", DAYS.text(value), value, DAYS.key, window=window, n=path.changes)


def reading_shown(findings: Findings, needle: Needle, reading: Reading) -> Shown:
    """The number of a reading as it is recorded."""
    known = reading.known
    return Shown(
        id=f"{needle.key}.{reading.window.start}/{reading.window.end}",
        text=needle.unit.text(reading.value) if known else gap(reading),
        value=reading.value if known else None,
        unit=needle.unit.key,
        needle=needle.key,
        window=f"{reading.window.start}/{reading.window.end}",
        n=reading.facts,
        open=reading.open or None,
        extract=findings.snapshot.hash(needle.entity),
    )


def part_shown(findings: Findings, needle: Needle, part: Part, by: str) -> Shown:
    """The number of a part of a needle, such as a team, as it is recorded."""
    reading = part.reading
    window = f"{reading.window.start}/{reading.window.end}"
    return Shown(
        id=f"{needle.key}.{window}.{by}={part.group}", text=needle.unit.text(reading.value), value=reading.value, unit=needle.unit.key,
        needle=needle.key, window=window, n=reading.facts, extract=findings.snapshot.hash(needle.entity),
    )  # fmt: skip


def gap(reading: Reading) -> str:
    """What stands in place of a number."""
    return headings.NOT_KNOWN if reading.facts or reading.open else headings.NO_FACTS


def heading(text: str) -> Block:
    """A heading alone."""
    return Block("heading", Markup("<h2>{}</h2>").format(text), text)


def section(title: str, paragraphs: Sequence[str], record: tuple[Shown, ...] = ()) -> Block:
    """A heading with paragraphs, and the numbers that they print."""
    html = Markup("<h2>{}</h2>{}").format(title, joined(paragraphs))
    return Block("section", html, "\n".join((title, *paragraphs)), record)


def note(text: str, record: tuple[Shown, ...] = ()) -> Block:
    """A remark in small print, and the numbers that it prints."""
    return Block("note", Markup("<p>{}</p>").format(escape(text)), text, record)
