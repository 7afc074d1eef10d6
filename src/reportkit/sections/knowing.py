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
from reportkit.english import dora
from reportkit.english import knowing as words
from reportkit.english.definitions import summary_rule
from reportkit.english.words import entity_name, stopped, upper_first
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model import bands, unit
from reportkit.model.kind import Duration, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Choice
from reportkit.model.period import day_text
from reportkit.model.shown import Shown
from reportkit.sections.parts import reading_shown
from reportkit.snapshot import EntityManifest

LONG_NAME = 28  # letters that a line of names holds on paper


def how(findings: Findings, choices: Mapping[str, Choice], *, brief: bool = False) -> Page:
    """How we know: what came in, what was left out, what each number means, and how effects were weighed.

    In brief only what came in, what was left out and what is odd about it.
    """
    manifest = findings.snapshot.manifest
    used = {entity for needle in findings.told for entity in measure.needs(needle)}
    fed = [entity for name, entity in manifest.entities.items() if name in used]
    record = [shown for entity in fed for shown in _counted(entity)]
    if brief:
        came = words.came_in([_briefly(entity) for entity in fed], _freshness(findings, fed))
        rows = [(words.CAME, came), (words.REST, words.BRIEF)]
        rows[1:1] = [*((words.WARNING, text) for entity in fed for text in entity.warnings), *_engine(findings)]
        return _listed([*rows, (words.VERSIONS, _versions(findings))], record)
    rows = [(upper_first(entity_name(e.entity)), _entity_text(e)) for e in fed]
    rows += [(words.WARNING, text) for entity in fed for text in entity.warnings]
    rows += [(words.FRESHNESS, _freshness(findings, fed)), *_engine(findings)]
    if choices:
        because = " ".join(stopped(choice.because) for choice in choices.values())
        record += [Shown(f"choice.{name}", choice.because, None) for name, choice in choices.items()]
        rows.append((words.choices(len(choices)), because))
    for needle in findings.told:
        reading = findings.now(needle)
        rows.append((needle.label, f"{_definition(needle)} {_behind(findings, reading)}"))
        record.append(reading_shown(findings, needle, reading))
    dora_rows, dora_record = _dora(findings)
    rows += dora_rows
    record += dora_record
    if days := len(findings.organisation.holidays):
        record.append(Shown("holidays", f"{days}", days, "days"))
        rows.append((words.HOLIDAYS, words.holidays(days)))
    rows += _methods(findings)
    rows.append((words.VERSIONS, _versions(findings)))
    return _listed(rows, record)


def _engine(findings: Findings) -> list[tuple[str, str]]:
    """What computed the numbers, where it is not reportkit's own engine."""
    engine = findings.snapshot.engine
    if engine.embedded:
        return []
    return [(words.COMPUTED, words.engine(engine.label, loaded=engine.warehouse))]


def _listed(rows: Sequence[tuple[str, str]], record: Sequence[Shown]) -> Page:
    listed = Markup("").join(_entry(*row) for row in rows)
    html = Markup("<h2>{}</h2><dl>{}</dl>").format(words.TITLE, listed)
    return Page((Block("facts", html, "\n".join(f"{a}: {b}" for a, b in rows), tuple(record)),))


def _dora(findings: Findings) -> tuple[list[tuple[str, str]], tuple[Shown, ...]]:
    """How DORA's needles were counted, what another linking rule would give, and the bands of a survey as context."""
    told, rules = [n for n in findings.told if n.source == "DORA"], findings.snapshot.rules.dora
    used = {name for n in told for names in measure.uses(n).values() for name in names}
    rows = [(words.DORA["deployments"], dora.counting(rules))] if "counted" in used else []
    rows += [(words.DORA["medians"], dora.median(rules))] if any(n.kind.name == "Duration" for n in told) else []
    rows += [(words.DORA["failures"], dora.linking(rules))] if derived.links(used) else []
    rows += [(words.DORA["recoveries"], dora.recovering(rules))] if "recovered_at" in used else []
    record = []
    for needle in told:
        other = []
        for i, (way, reading) in enumerate(findings.other_links(needle)):
            shown = replace(reading_shown(findings, needle, reading), id=f"{needle.key}.other_link_{i + 1}")
            other.append((shown.text, way))
            record.append(shown)
        rows += [(words.linked_otherwise(needle.label), dora.others(other, rules))] if other else []
    year = findings.organisation.dora.bands
    for needle in told if year else ():
        if year and (text := bands.told(year, needle.key)):
            rows.append((words.elsewhere(needle.label), words.bands(text)))
    return rows, tuple(record)


def _entry(name: str, text: str) -> Markup:
    """A name and its text beside it; a name that takes two lines keeps the next one away."""
    long = Markup(' class="rk-long"') if len(name) > LONG_NAME else ""
    return Markup("<dt>{}</dt><dd{}>{}</dd>").format(name, long, text)


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
    rows = [(words.HOW, " ".join(common))] if common else []
    own = {kind: " ".join(s for s in sentences if s not in common) for kind, sentences in each.items()}
    return [*rows, *((words.how_weighed(kind), text) for kind, text in own.items() if text)]


def _behind(findings: Findings, reading: Reading) -> str:
    """'n = 504 deployments in Q3 2026, and 12 still open': the facts behind this quarter's number."""
    needle, when = findings.needle(reading.needle), findings.quarter.label
    still = reading.open if isinstance(needle.kind, Duration) else 0
    return words.behind(reading.facts, needle.facts, when, stock=isinstance(needle.kind, Stock), still=still)


def _freshness(findings: Findings, fed: Sequence[EntityManifest]) -> str:
    """When the extract was taken, and which tables do not reach the quarter's end."""
    manifest, end = findings.snapshot.manifest, findings.quarter.window.end
    taken = day_text(datetime.fromisoformat(manifest.taken_at).date())
    short = [e for e in fed if e.window.end < end]
    return words.fresh(taken, [(e.entity, day_text(e.window.end - timedelta(days=1))) for e in short])


def _versions(findings: Findings) -> str:
    manifest = findings.snapshot.manifest
    mapping = (manifest.mapping_sha256 or "")[:12]
    return words.versions(version("reportkit"), manifest.quarter, manifest.reportkit, mapping)


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
    aside = sum(entity.set_aside.values()) if entity.set_aside else None
    return words.briefly(entity.entity, entity.accepted, aside, entity.rejected_rows)


def _entity_text(entity: EntityManifest) -> str:
    origins = [words.origin(o.what, o.sha256[:12]) for o in entity.origins]
    known = words.facts_from(entity.accepted, origins, entity.window.label)
    return words.table(known, entity.set_aside, entity.rejected, entity.rejected_rows, entity.backwards)


def _definition(needle: Needle) -> str:
    source = "" if needle.source == "reportkit" else needle.source
    return words.definition(needle.question, summary_rule(needle), source)
