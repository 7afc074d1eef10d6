"""How we know: what came in, what was left out, what each number means, by which rules, and how effects were weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from reportkit import derived, measure
from reportkit.display import Block, Page
from reportkit.findings import Findings
from reportkit.model import bands, unit
from reportkit.model.needle import Needle
from reportkit.model.params import Choice
from reportkit.model.shown import Shown
from reportkit.narrative import dora
from reportkit.narrative import english as say
from reportkit.narrative.definitions import summary_rule
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
    if brief:
        came = say.listed([_briefly(entity) for entity in fed])
        warned = [("Warning", text) for entity in fed for text in entity.warnings]
        return _listed(
            [("What came in", f"{say.upper_first(came)}."), *warned, *_engine(findings), ("The rest", BRIEF)], ()
        )
    rows = [(say.upper_first(e.entity.replace("_", " ")), _entity_text(e)) for e in fed]
    rows += [("Warning", text) for entity in fed for text in entity.warnings]
    rows += _engine(findings)
    rows += [("Choice", choice.because) for choice in choices.values()]
    rows += [(n.label, _definition(n)) for n in findings.told]
    dora_rows, record = _dora(findings)
    rows += dora_rows
    if days := len(findings.organisation.holidays):
        rows.append(
            (
                "Holidays",
                f"On {unit.plural(days, 'day')} nobody works. The clock of a duration stops on them where a proof is weighed; medians of a quarter count them.",
            )
        )
    rows += _methods(findings)
    return _listed(rows, record)


def _engine(findings: Findings) -> list[tuple[str, str]]:
    """What computed the numbers, where it is not reportkit's own engine."""
    engine = findings.snapshot.engine
    if engine.embedded:
        return []
    how = "in tables loaded from the frozen extract, named by its hash" if engine.warehouse else "on the frozen extract"
    return [("Computed by", f"{engine.label}, {how}.")]


def _listed(rows: Sequence[tuple[str, str]], record: tuple[Shown, ...]) -> Page:
    listed = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*row) for row in rows)
    html = Markup("<h2>How we know</h2><dl>{}</dl>").format(listed)
    return Page((Block("facts", html, "\n".join(f"{a}: {b}" for a, b in rows), record),))


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
        for i, (other, reading) in enumerate(findings.other_links(needle)):
            shown = replace(reading_shown(findings, needle, reading), id=f"{needle.key}.other_link_{i + 1}")
            rows.append((f"{needle.label}, linked otherwise", dora.other(shown.text, other)))
            record.append(shown)
    year = findings.organisation.dora.bands
    for needle in told if year else ():
        if year and (text := bands.told(year, needle.key)):
            rows.append((f"{needle.label}, elsewhere", f"{text}. Groups that a survey found; no goal."))
    return rows, tuple(record)


def _methods(findings: Findings) -> list[tuple[str, str]]:
    """How effects were weighed, once for each kind of needle."""
    told = {e.kind: e.method for weighed in findings.evidence.values() for e in weighed if e.method}
    return [(f"How a {kind.lower()} is weighed", text) for kind, text in told.items()]


def _briefly(entity: EntityManifest) -> str:
    """'8 185 changes (403 rows set aside, 32 rejected)'."""
    aside, broken = sum(entity.set_aside.values()), entity.rejected_rows
    left = [f"{unit.plural(aside, 'row')} set aside"] if entity.set_aside else []
    count = unit.COUNT.number(broken) if entity.set_aside else unit.plural(broken, "row")
    left += [f"{count} rejected"] if broken else []
    told = f"{unit.COUNT.number(entity.accepted)} {entity.entity.replace('_', ' ')}"
    return f"{told} ({', '.join(left)})" if left else told


def _entity_text(entity: EntityManifest) -> str:
    origins = say.listed([f"{o.what} (SHA-256 {o.sha256[:12]})" for o in entity.origins])
    aside = [f"{unit.plural(n, 'row')} set aside as {name.replace('_', ' ')}" for name, n in entity.set_aside.items()]
    reasons = ", ".join(f"{reason} {n}" for reason, n in entity.rejected.items())
    broken = [f"{unit.plural(entity.rejected_rows, 'row')} rejected ({reasons})"] if entity.rejected_rows else []
    odd = f"{unit.plural(entity.backwards, 'fact')} with times that run backwards kept, without the spans that do"
    known = f"{unit.plural(entity.accepted, 'fact')} from {origins}, {entity.window.label}"
    return "; ".join([known, *aside, *broken, *([odd] if entity.backwards else [])]) + "."


def _definition(needle: Needle) -> str:
    source = "" if needle.source == "reportkit" else f" Definition: {needle.source}."
    return f"{needle.question} {summary_rule(needle)}{source}"
