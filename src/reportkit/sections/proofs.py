"""What the proofs of concept showed, and where the waiting went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from reportkit.display import Block, Figure, Page, joined
from reportkit.english import headings, lede
from reportkit.english import sentences as say
from reportkit.figures.before_after import before_after
from reportkit.figures.behaviour import behaviour
from reportkit.figures.evidence_table import evidence_table
from reportkit.figures.guards_table import guards_table
from reportkit.figures.path import Steps, path_to_production
from reportkit.findings import Findings, Path
from reportkit.model import unit
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.sections.parts import NOTHING, evidence_shown, heading, lead_of, note, own_needles, path_shown


def proofs(findings: Findings, chosen: Mapping[str, Proof], brand: Brand, *, full: bool = False) -> Page:
    """For each proof: heading, picture of the leading needle, sentences, table of evidence, and why we claim no more.

    In full: every headline needle's picture and behaviour chart, every needle's sentence, and all guards.
    """
    parts: list[Block | Figure] = []
    for key, proof in chosen.items():
        weighed = findings.evidence[key]
        if not weighed:
            continue
        parts += _proof(findings, proof, weighed, brand, full=full)
    return Page(tuple(parts))


def _proof(
    findings: Findings, proof: Proof, weighed: tuple[Evidence, ...], brand: Brand, *, full: bool
) -> list[Block | Figure]:
    pairs = [(e, findings.needle(e.needle)) for e in weighed]
    first = _first(findings, weighed)
    told = pairs if full else [(e, n) for e, n in pairs if _concerns(findings, e, proof) or e is first]
    told = sorted(told, key=lambda pair: pair[0] is not first)
    record = tuple(shown for e, _ in told for shown in evidence_shown(findings, e))
    parts: list[Block | Figure] = [heading(headings.showed(proof.name))]
    parts += [note(text) for text in dict.fromkeys(e.amended for e in weighed if e.amended)]
    head = sorted((p for p in pairs if p[0].headline or p[0] is first), key=lambda pair: pair[0] is not first)
    drawn = [(e, n) for e, n in head if (not e.weekly.empty if full else _drawable(e))]
    parts += [before_after(e, n, proof, brand) for e, n in (drawn if full else drawn[:1])]
    said = _in_lede(findings, weighed) if drawn and drawn[0][0] is first and not full else None
    each = (
        lede.beyond_lede(e, proof) if e is said else say.sentence(e, n, proof) for e, n in (pairs if full else head)
    )
    sentences = [text for text in each if text]
    parts.append(Block("section", joined(sentences), "\n".join(sentences), record))
    key = (_key([e for e, _ in told]), *([headings.CI] if full else []), *_untold(pairs, told))
    parts += [evidence_table(told), note(" ".join(key))]
    if full:
        parts += _survived(pairs, proof, brand)
    if doubts := _doubts(proof, weighed):
        html = Markup("<h3>{}</h3><ul>{}</ul>").format(headings.DOUBTS, joined(doubts, "li"))
        parts.append(Block("doubts", html, "\n".join(doubts)))
    return parts


def _first(findings: Findings, weighed: Sequence[Evidence]) -> Evidence | None:
    """The evidence that is drawn and told first: the report's lead, harm, the reader's own needles, then what moved."""
    head, own = [e for e in weighed if e.headline], own_needles(findings.audience)
    mine = sorted((e for e in weighed if e.needle in own and _drawable(e)), key=lambda e: own.index(e.needle))
    wanted = (
        lead_of(findings, weighed),
        *(e for e in head if e.verdict is Verdict.GOT_WORSE),
        *(e for e in mine if e.causal),
        *(e for e in mine if e.needle in (findings.audience.primary, findings.audience.quantified_by)),
        *(e for e in head if e.causal),
        *head,
    )
    return next((e for e in wanted if e is not None), None)


def _drawable(evidence: Evidence) -> bool:
    """Whether a picture by week would show more than a few dots: the treated teams have a value in every third week at least."""
    weekly = evidence.weekly
    if weekly.empty:
        return False
    treated = weekly[weekly["group"] == "treated"]["value"]
    return bool(3 * treated.notna().sum() >= len(treated))


def _in_lede(findings: Findings, weighed: Sequence[Evidence]) -> Evidence | None:
    """The evidence whose from and to the lede tells, beside its comparison; its effect stands below its picture."""
    lead = lead_of(findings, weighed)
    leading = findings.lead is not None and weighed is findings.evidence[findings.lead[0]]
    return lead if leading and lead is not None and lede.told_in_lede(lead, findings.needle(lead.needle)) else None


def _concerns(findings: Findings, evidence: Evidence, proof: Proof) -> bool:
    """Whether a reader has to see it in the table: what was bet on, what must not slip, what got worse, and their own needles."""
    own = (*findings.audience.needles, findings.audience.quantified_by)
    worse = evidence.verdict is Verdict.GOT_WORSE
    return evidence.headline or worse or evidence.needle in own or evidence.needle in proof.guardrails


def _untold(pairs: Sequence[tuple[Evidence, Needle]], told: Sequence[tuple[Evidence, Needle]]) -> list[str]:
    """'Also weighed: release wait (moved) …': what is left out of a table is named with its verdict."""
    rest = [(n, e.verdict) for e, n in pairs if (e, n) not in told]
    return [headings.also_weighed(rest, say.VERDICTS)] if rest else []


def _survived(pairs: Sequence[tuple[Evidence, Needle]], proof: Proof, brand: Brand) -> list[Block | Figure]:
    """What claims had to survive, and the behaviour chart of each headline needle (of each, where none is one)."""
    guards = guards_table(pairs)
    chosen = [(e, n) for e, n in pairs if e.headline] or list(pairs)
    charts = [chart for e, n in chosen if (chart := behaviour(e, n, proof, brand))]
    return [*([guards] if guards else []), *charts]


def one(evidence: Evidence, needle: Needle, proof: Proof, brand: Brand) -> Page:
    """One evidence in full: sentence, picture, table, what it had to survive, behaviour chart, notes."""
    pairs = [(evidence, needle)]
    told = [say.sentence(evidence, needle, proof), *evidence.notes]
    parts: list[Block | Figure] = [] if evidence.weekly.empty else [before_after(evidence, needle, proof, brand)]
    parts += [Block("section", joined(told), "\n".join(told)), evidence_table(pairs), *_survived(pairs, proof, brand)]
    return Page(tuple(parts))


def _key(weighed: Sequence[Evidence]) -> str:
    """What the marks under a table of evidence mean, in a line."""
    grades = sorted({e.grade for e in weighed})
    told = headings.grades([say.GRADES[grade] for grade in grades])
    under = dict.fromkeys(name for e in weighed for level in (e.before, e.after) for name, _ in say.beneath(e, level))
    return " ".join((told, *(say.BENEATH[name] for name in under)))


def _doubts(proof: Proof, weighed: Sequence[Evidence]) -> list[str]:
    """What a hostile reader would say of the headline needles, said first; each a sentence, none twice."""
    head = [e for e in weighed if e.headline]
    doubts = [headings.grade(g.value, say.GRADES[g][3:]) for g in sorted({e.grade for e in head}) if g is not Grade.A]
    if left := sorted({team for e in head for team in e.left_out}):
        doubts.append(headings.left_out(left, proof.by))
    doubts += [f"{say.upper_first(clause).rstrip('.')}." for clause in proof.also]
    doubts += [note for e in head for note in e.notes]
    return list(dict.fromkeys(doubts))


def path(findings: Findings, chosen: Mapping[str, Proof], brand: Brand) -> Page:
    """Where a change's time goes, mean days by step: the first proof's teams before and after, else quarter against quarter."""
    for key, proof in chosen.items():
        teams = max((e.teams for e in findings.evidence[key]), key=len, default=())
        if found := findings.paths(proof, teams):
            return _path_page(found, (headings.BEFORE, headings.AFTER), brand, key)
    found = findings.quarter_paths()
    labels = (findings.quarter.shift(-1).label, findings.quarter.label)
    return _path_page(found, labels, brand, "quarter") if found else NOTHING


def _path_page(found: Sequence[Path], labels: tuple[str, str], brand: Brand, whose: str) -> Page:
    rows = [
        Steps(label, tuple((s.name, s.days, s.waiting) for s in p.steps), p.changes, p.median, p.window.label)
        for label, p in zip(labels, found, strict=True)
    ]
    record = tuple(shown for p in found for shown in path_shown(p, whose))
    picture = replace(path_to_production(rows, unit.DAYS, brand), record=record)
    return Page((heading(headings.WAITING), picture))
