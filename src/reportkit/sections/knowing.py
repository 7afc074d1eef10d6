"""How we know: what came in, what was left out, what each number means, by which rules, and how effects were weighed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version

from markupsafe import Markup

from reportkit import derived, measure
from reportkit.display import Block, Page
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model import bands, unit
from reportkit.model.kind import Duration, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Choice
from reportkit.model.period import day_text
from reportkit.model.shown import Shown
from reportkit.narrative import dora
from reportkit.narrative import english as say
from reportkit.narrative.definitions import summary_rule
from reportkit.narrative.words import entity_count, entity_name, stopped
from reportkit.sections.parts import reading_shown
from reportkit.snapshot import EntityManifest

BRIEF = (
    "Files, reasons, choices, what each needle means and how an effect is weighed stand at the end of the other reports of this "
    "quarter; every number printed here is in record.json, with the facts and the extract behind it."
)


def how(findings: Findings, choices: Mapping[str, Choice], *, brief: bool = False) -> Page:
    """How we know: what came in, what was left out, what each number means, and how effects were weighed.

    In brief only what came in, what was left out and what is odd about it.
    """
    manifest = findings.snapshot.manifest
    used = {entity for needle in findings.told for entity in measure.needs(needle)}
    fed = [entity for name, entity in manifest.entities.items() if name in used]
    record = [shown for entity in fed for shown in _counted(entity)]
    if brief:
        came = say.listed([_briefly(entity) for entity in fed])
        rows = [("What came in", f"{say.upper_first(came)}. {_freshness(findings, fed)}"), ("The rest", BRIEF)]
        rows[1:1] = [*(("Warning", text) for entity in fed for text in entity.warnings), *_engine(findings)]
        return _listed([*rows, ("Versions", _versions(findings))], record)
    rows = [(say.upper_first(entity_name(e.entity)), _entity_text(e)) for e in fed]
    rows += [("Warning", text) for entity in fed for text in entity.warnings]
    rows += [("Freshness", _freshness(findings, fed)), *_engine(findings)]
    if choices:
        because = " ".join(stopped(choice.because) for choice in choices.values())
        record += [Shown(f"choice.{name}", choice.because, None) for name, choice in choices.items()]
        rows.append(("Choices" if len(choices) > 1 else "Choice", because))
    for needle in findings.told:
        reading = findings.now(needle)
        rows.append((needle.label, f"{_definition(needle)} {_behind(findings, reading)}"))
        record.append(reading_shown(findings, needle, reading))
    dora_rows, dora_record = _dora(findings)
    rows += dora_rows
    record += dora_record
    if days := len(findings.organisation.holidays):
        record.append(Shown("holidays", f"{days}", days, "days"))
        rows.append(
            (
                "Holidays",
                f"On {unit.plural(days, 'day')} nobody works. The clock of a duration stops on them where a proof is weighed; medians of a quarter count them.",
            )
        )
    rows += _methods(findings)
    rows.append(("Versions", _versions(findings)))
    return _listed(rows, record)


def _engine(findings: Findings) -> list[tuple[str, str]]:
    """What computed the numbers, where it is not reportkit's own engine."""
    engine = findings.snapshot.engine
    if engine.embedded:
        return []
    how = "in tables loaded from the frozen extract, named by its hash" if engine.warehouse else "on the frozen extract"
    return [("Computed by", f"{engine.label}, {how}.")]


def _listed(rows: Sequence[tuple[str, str]], record: Sequence[Shown]) -> Page:
    listed = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*row) for row in rows)
    html = Markup("<h2>How we know</h2><dl>{}</dl>").format(listed)
    return Page((Block("facts", html, "\n".join(f"{a}: {b}" for a, b in rows), tuple(record)),))


def _dora(findings: Findings) -> tuple[list[tuple[str, str]], tuple[Shown, ...]]:
    """How DORA's needles were counted, what another linking rule would give, and the bands of a survey as context."""
    told, rules = [n for n in findings.told if n.source == "DORA"], findings.snapshot.rules.dora
    used = {name for n in told for names in measure.uses(n).values() for name in names}
    rows = [("DORA's deployments", dora.counting(rules))] if "counted" in used else []
    rows += [("DORA's medians", dora.median(rules))] if any(n.kind.name == "Duration" for n in told) else []
    rows += [("DORA's failures", dora.linking(rules))] if derived.links(used) else []
    rows += [("DORA's recoveries", dora.recovering(rules))] if "recovered_at" in used else []
    record = []
    for needle in told:
        other = []
        for i, (way, reading) in enumerate(findings.other_links(needle)):
            shown = replace(reading_shown(findings, needle, reading), id=f"{needle.key}.other_link_{i + 1}")
            other.append((shown.text, way))
            record.append(shown)
        rows += [(f"{needle.label}, linked otherwise", dora.others(other, rules))] if other else []
    year = findings.organisation.dora.bands
    for needle in told if year else ():
        if year and (text := bands.told(year, needle.key)):
            rows.append((f"{needle.label}, elsewhere", f"{text}. Groups that a survey found; no goal."))
    return rows, tuple(record)


def _methods(findings: Findings) -> list[tuple[str, str]]:
    """How effects were weighed: first what all kinds of needles have in common, then each kind's own."""
    weighed = sorted((e for several in findings.evidence.values() for e in several if e.method), key=lambda e: e.grade)
    told: dict[str, str] = {}
    for evidence in weighed:  # the best evidence of a kind tells how that kind is weighed
        told.setdefault(evidence.kind, evidence.method)
    each = {kind: re.split(r"(?<=\.) (?=[A-Z])", text) for kind, text in told.items()}
    common = [
        s for s in next(iter(each.values()), []) if len(each) > 1 and all(s in others for others in each.values())
    ]
    rows = [("How an effect is weighed", " ".join(common))] if common else []
    own = {kind: " ".join(s for s in sentences if s not in common) for kind, sentences in each.items()}
    return [*rows, *((f"How a {kind.lower()} is weighed", text) for kind, text in own.items() if text)]


def _behind(findings: Findings, reading: Reading) -> str:
    """'n = 504 deployments in Q3 2026, and 12 still open': the facts behind this quarter's number."""
    needle, when = findings.needle(reading.needle), findings.quarter.label
    facts = f"n = {unit.plural(reading.facts, *needle.facts)} in {when}" if reading.facts else f"No facts in {when}"
    if isinstance(needle.kind, Stock):
        facts = facts.replace(" in ", " open at the end of ", 1)
    still = reading.open if isinstance(needle.kind, Duration) else 0
    return f"{facts}, and {unit.COUNT.number(still)} still open." if still else f"{facts}."


def _freshness(findings: Findings, fed: Sequence[EntityManifest]) -> str:
    """When the extract was taken, and which tables do not reach the quarter's end."""
    manifest, end = findings.snapshot.manifest, findings.quarter.window.end
    taken = day_text(datetime.fromisoformat(manifest.taken_at).date())
    short = [e for e in fed if e.window.end < end]
    if not short:
        return f"Taken on {taken}; every table reaches the quarter's end."
    ends = [f"{entity_name(e.entity)} end on {day_text(e.window.end - timedelta(days=1))}" for e in short]
    return f"Taken on {taken}; {say.listed(ends)}: what they lack of the quarter is a gap, never a zero."


def _versions(findings: Findings) -> str:
    manifest = findings.snapshot.manifest
    mapped = f", mapping {manifest.mapping_sha256[:12]}" if manifest.mapping_sha256 else ""
    return f"reportkit {version('reportkit')}; extract of {manifest.quarter} taken with reportkit {manifest.reportkit}{mapped}."


def _counted(entity: EntityManifest) -> Iterator[Shown]:
    """The rows of a table as they are recorded: kept, set aside and rejected, by reason."""
    numbers = {
        "accepted": entity.accepted,
        "set_aside": sum(entity.set_aside.values()),
        "rejected": entity.rejected_rows,
    }
    numbers |= {f"set_aside.{name}": n for name, n in entity.set_aside.items()}
    numbers |= {f"rejected.{reason.replace(' ', '_')}": n for reason, n in entity.rejected.items()}
    numbers |= {"backwards": entity.backwards} if entity.backwards else {}
    for name, n in numbers.items():
        yield Shown(f"extract.{entity.entity}.{name}", unit.COUNT.number(n), n, "count", extract=entity.sha256)


def _briefly(entity: EntityManifest) -> str:
    """'8 185 changes (403 rows set aside, 32 rejected)'."""
    aside, broken = sum(entity.set_aside.values()), entity.rejected_rows
    left = [f"{unit.plural(aside, 'row')} set aside"] if entity.set_aside else []
    count = unit.COUNT.number(broken) if entity.set_aside else unit.plural(broken, "row")
    left += [f"{count} rejected"] if broken else []
    told = entity_count(entity.accepted, entity.entity)
    return f"{told} ({', '.join(left)})" if left else told


def _entity_text(entity: EntityManifest) -> str:
    origins = say.listed([f"{o.what} (SHA-256 {o.sha256[:12]})" for o in entity.origins])
    aside = [f"{unit.plural(n, 'row')} set aside as {name.replace('_', ' ')}" for name, n in entity.set_aside.items()]
    reasons = ", ".join(f"{reason}: {unit.COUNT.number(n)}" for reason, n in entity.rejected.items())
    broken = [f"{unit.plural(entity.rejected_rows, 'row')} rejected ({reasons})"] if entity.rejected_rows else []
    odd = f"{unit.plural(entity.backwards, 'fact')} with times that run backwards kept, without the spans that do"
    known = f"{unit.plural(entity.accepted, 'fact')} from {origins}, {entity.window.label}"
    return "; ".join([known, *aside, *broken, *([odd] if entity.backwards else [])]) + "."


def _definition(needle: Needle) -> str:
    source = "" if needle.source == "reportkit" else f" Definition: {needle.source}."
    return f"{needle.question} {summary_rule(needle)}{source}"
