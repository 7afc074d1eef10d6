"""The sections of a report, one function each: from findings to a Page. A section with nothing to say is an empty Page."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from markupsafe import Markup

from reportkit import measure
from reportkit.display import Block, Figure, Page, joined
from reportkit.figures.before_after import before_after
from reportkit.figures.behaviour import behaviour
from reportkit.figures.evidence_table import evidence_table
from reportkit.figures.guards_table import guards_table
from reportkit.figures.needle_table import Row, needle_table
from reportkit.figures.path import Steps, path_to_production
from reportkit.figures.strip import Cell, strip
from reportkit.findings import Findings, Path
from reportkit.measure import Reading
from reportkit.model import unit
from reportkit.model.bets import bet_target
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.kind import Duration, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Audience, Citation, NeedleParams, Proof
from reportkit.model.period import Window
from reportkit.model.shown import Shown
from reportkit.narrative import english as say
from reportkit.narrative.amounts import excludes
from reportkit.narrative.definitions import state
from reportkit.needles import find
from reportkit.sections.knowing import how as how  # a section like those below
from reportkit.sections.parts import evidence_shown, gap, heading, note, path_shown, reading_shown, section, whose
from reportkit.sections.pictures import moved, stocked
from reportkit.sections.promised import restated
from reportkit.sections.referred import Asked

NOTHING = Page(())
WANTING = "Not in this report for want of data."
STRIP = 4
CI = "95% CI: the range that holds the true change 95 times in 100."
MANY_OPEN = 0.2  # share of facts still open from which a headline tells of them


def answer(findings: Findings, asked: Asked | None = None) -> Page:
    """The headline, the lede, the strip of at most four figures, and what is asked in one line: page one stands alone."""
    key, proof, weighed = _lead(findings)
    audience = findings.audience
    lead = _strongest(weighed, (audience.primary, audience.quantified_by))
    needle = findings.needle(lead.needle) if lead and lead.causal else _problem_needle(findings)
    now = findings.now(needle) if needle else None
    title = (
        say.headline(lead, needle, proof, now.value if now else float("nan"), _waiting(now))
        if needle
        else f"{findings.audience.problem} No facts to put a number on it yet."
    )
    if lead and lead.causal and proof and proof.treated != "all":
        title = f"In {say.count(len(lead.teams), proof.by)}, {say.lower_first(title)}"
    text = (
        say.lede(_paired(findings, sorted(weighed, key=lambda e: e is not lead)), proof, _harm_elsewhere(findings, key))
        if proof and weighed
        else _no_proof(findings)
    )
    html = Markup('<h1>{}</h1><p class="rk-lede">{}</p>').format(title, text)
    record = [reading_shown(findings, needle, now)] if needle and now else []
    record += [shown for e in weighed if e.headline for shown in evidence_shown(findings, e)]
    head = Block("answer", html, f"{title}\n{text}", tuple(record))
    cells = [_cell(findings, n, key) for n in _strip_needles(findings, weighed)]
    parts: list[Block | Figure] = [head, *([strip(cells)] if cells else [])]
    if any("95% CI" in cell.detail for cell in cells):
        parts.append(note(_how_sure(findings, {needle.key for needle in _strip_needles(findings, weighed)})))
    if asked:
        parts.append(
            Block(
                "ask-line",
                Markup("<p><strong>We ask for:</strong> {}</p>").format(asked.text),
                f"We ask for: {asked.text}",
                asked.record,
            )
        )
    return Page(tuple(parts))


def _how_sure(findings: Findings, shown: Collection[str]) -> str:
    """What the ranges of the strip are, and what the changes were measured against, for a reader of the first page alone."""
    each = (e for weighed in findings.evidence.values() for e in weighed if e.needle in shown and e.interval)
    grades = {e.grade is Grade.A for e in each}
    others = "teams that carried on as before"
    against = {
        frozenset({True}): others,
        frozenset({True, False}): f"{others} where there are any, else against the weeks before",
    }.get(frozenset(grades), "the weeks before")
    return f"Changes are measured against {against}. {CI}"


def _paired(findings: Findings, weighed: Sequence[Evidence]) -> list[tuple[Evidence, Needle]]:
    return [(e, findings.needle(e.needle)) for e in weighed]


def _harm_elsewhere(findings: Findings, lead: str | None) -> str:
    """What got worse in the other proofs of the report: the first page hides no harm that a proof can be said to have done."""
    others = ((key, proof) for key, proof in findings.proofs.items() if key != lead)
    told = (say.harm(_paired(findings, findings.evidence[key]), proof) for key, proof in others)
    return " ".join(filter(None, told))


def _waiting(reading: Reading | None) -> int:
    """Facts still open that a median of the finished ones leaves out, where they are too many not to be told."""
    told = reading is not None and isinstance(find(reading.needle).kind, Duration)
    return reading.open if reading and told and not reading.censored and reading.share_open >= MANY_OPEN else 0


def _lead(findings: Findings) -> tuple[str | None, Proof | None, tuple[Evidence, ...]]:
    if findings.lead is None:
        return None, None, ()
    key, proof = findings.lead
    return key, proof, findings.evidence[key]


def _strongest(weighed: Sequence[Evidence], own: Sequence[str] = ()) -> Evidence | None:
    """The headline evidence to lead with: harm first, then what moved, then the first declared; the reader's own needles before others."""
    head = sorted((e for e in weighed if e.headline), key=lambda e: e.needle not in own)
    for verdict in (Verdict.GOT_WORSE, Verdict.MOVED):
        for e in head:
            if e.verdict is verdict and e.causal:
                return e
    return head[0] if head else None


def _problem_needle(findings: Findings) -> Needle | None:
    wanted = findings.audience.quantified_by
    if wanted not in findings.missing:
        return findings.needle(wanted)
    return findings.needles[0] if findings.needles else None


def _no_proof(findings: Findings) -> str:
    return f"No proof of concept for this report was read out in {findings.quarter.label}: these are the numbers as they stand."


def _strip_needles(findings: Findings, weighed: Sequence[Evidence]) -> list[Needle]:
    """What the proof bet on, the reader's own first, then what got worse (a page never hides harm), then the audience's needles."""
    own = (findings.audience.primary, findings.audience.quantified_by)
    head = sorted((e.needle for e in weighed if e.headline), key=lambda key: key not in own)
    worse = [e.needle for all_of in findings.evidence.values() for e in all_of if e.verdict is Verdict.GOT_WORSE]
    keys = dict.fromkeys((*head, *worse, *(n.key for n in findings.needles)))
    return [findings.needle(key) for key in keys if key not in findings.missing][:STRIP]


def _cell(findings: Findings, needle: Needle, proof: str | None) -> Cell:
    """One figure: the proof's after level where it has one, so that its verdict stands beside its own number."""
    evidence = _told_of(findings, needle, proof) if proof else None
    judged = evidence is not None and (evidence.headline or evidence.verdict is not Verdict.NOT_ENOUGH_DATA)
    if evidence is not None and judged and not math.isnan(evidence.after.value):
        return Cell(
            label=f"{needle.label}, {_who(findings.proofs[evidence.proof], evidence)}",
            value=needle.unit.text(evidence.after.value),
            verdict=evidence.verdict,
            good=evidence.good,
            detail=_effect_detail(evidence, needle),
            record=evidence_shown(findings, evidence),
        )
    reading = findings.now(needle)
    return Cell(
        label=f"{needle.label}, {findings.quarter.label}",
        value=needle.unit.text(reading.value) if reading.known else gap(reading),
        verdict=evidence.verdict if evidence else None,
        good=None,
        detail=_beside(findings, needle),
        record=(reading_shown(findings, needle, reading),),
    )


def _told_of(findings: Findings, needle: Needle, proof: str) -> Evidence | None:
    """The leading proof's evidence of a needle; that of another proof where it did harm."""
    for key in findings.proofs:
        found = findings.of(needle.key, key)
        if found is not None and (key == proof or found.verdict is Verdict.GOT_WORSE):
            return found
    return None


def _who(proof: Proof, evidence: Evidence) -> str:
    if proof.treated == "all" and not evidence.left_out:
        return f"all {proof.by}s"
    return f"{unit.plural(len(evidence.teams), f'proof {proof.by}')}"


def _effect_detail(evidence: Evidence, needle: Needle) -> str:
    """'−70%, 95% CI −76 to −61%'; where no interval may be printed, from and to."""
    if evidence.interval is None:
        return say.arrow(evidence, needle)
    text = f"{say.effect(evidence, needle)}, 95% CI {say.interval(evidence, needle)}"
    if evidence.verdict is Verdict.NOT_SHOWN and excludes(evidence.interval, evidence.scale):
        return f"{text}; {'too few teams to tell' if evidence.grade is Grade.C else 'it failed a check'}"
    return text


def _beside(findings: Findings, needle: Needle) -> str:
    """'8.9 days in Q2 2026': the quarter before, beside this one."""
    history = findings.history(needle)
    if len(history) < 2 or not history[-2].known:
        return f"nothing to compare with in {findings.quarter.shift(-1).label}"
    waiting = _waiting(history[-1])
    more = f"; {unit.COUNT.number(waiting)} still open" if waiting else ""
    return f"{needle.unit.text(history[-2].value)} in {findings.quarter.shift(-1).label}{more}"


def problem(findings: Findings, params: Mapping[str, NeedleParams], brand: Brand) -> Page:
    """The reader's words, then the number: this quarter, the one before and a year ago; its picture where no proof has one."""
    needle = _problem_needle(findings)
    quote = f"“{findings.audience.problem}”"
    if needle is None:
        text = "No extract feeds the needle that would put a number on it."
        return Page((section("The problem we agreed on", (f"{quote} {text}",)),))
    reading = findings.now(needle)
    told = [_quantified(findings, needle, reading), _compared(findings, needle)]
    record = tuple(reading_shown(findings, needle, r) for r in findings.history(needle) if r.known)
    parts: list[Block | Figure] = [
        section("The problem we agreed on", (f"{quote} {' '.join(filter(None, told))}",), record)
    ]
    if not any(findings.evidence.values()):
        if flows := stocked(findings, needle, brand):
            return Page((*parts, flows))
        if picture := moved(findings, needle, params, brand):
            parts.append(picture)
    return Page(tuple(parts))


def _quantified(findings: Findings, needle: Needle, reading: Reading) -> str:
    one, many = needle.facts
    when = findings.quarter.label
    if not reading.known:
        return f"What it was in {when} cannot be said: {reading.reason}."
    if isinstance(needle.kind, Stock):  # what is open is the number itself
        return f"{say.upper_first(state(needle, reading.value))} (at the end of {when}, {whose(findings)})."
    covers, whole = measure.covers(findings.snapshot, needle), findings.quarter.window
    part = Window(max(covers.start, whole.start), min(covers.end, whole.end))
    if part != whole:
        when += f", of which {part.label} is covered"
    rest = f"{when}, {whose(findings)}, {unit.plural(reading.facts, one, many)}"
    if reading.open:
        then = "the quarter's end" if part.end == whole.end else "the end of that"
        rest += f"; {unit.plural(reading.open, 'more was', 'more were')} still open at {then}"
        rest += ", counted as unfinished" if reading.censored else ""
    if reading.reason:
        rest += f"; {reading.reason}"
    return f"{say.upper_first(state(needle, reading.value))} ({rest})."


def _compared(findings: Findings, needle: Needle) -> str:
    history = findings.history(needle)
    parts = [
        f"{needle.unit.text(history[-back - 1].value)} {when}"
        for back, when in ((1, "a quarter earlier"), (4, "a year earlier"))
        if len(history) > back and history[-back - 1].known
    ]
    return f"It was {' and '.join(parts)}." if parts else ""


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
    head = [(e, n) for e, n in pairs if e.headline]
    told = pairs if full else [(e, n) for e, n in pairs if _concerns(findings, e, proof)]
    record = tuple(shown for e, _ in told for shown in evidence_shown(findings, e))
    parts: list[Block | Figure] = [heading(f"What the proof of concept showed: {say.lower_first(proof.name)}")]
    parts += [note(text) for text in dict.fromkeys(e.amended for e in weighed if e.amended)]
    lead = _strongest(weighed, (findings.audience.primary, findings.audience.quantified_by))
    drawn = sorted(((e, n) for e, n in head if not e.weekly.empty), key=lambda pair: pair[0] is not lead)
    head = sorted(head, key=lambda pair: pair[0] is not lead)
    parts += [before_after(e, n, proof, brand) for e, n in (drawn if full else drawn[:1])]
    sentences = [say.sentence(e, n, proof) for e, n in (pairs if full else head)]
    parts.append(Block("section", joined(sentences), "\n".join(sentences), record))
    key = (_key([e for e, _ in told]), *([CI] if full else []), *_untold(pairs, told))
    parts += [evidence_table(told), note(" ".join(key))]
    if full:
        parts += _survived(pairs, proof, brand)
    if doubts := _doubts(proof, weighed):
        html = Markup("<h3>{}</h3><ul>{}</ul>").format("Why this page claims no more", joined(doubts, "li"))
        parts.append(Block("doubts", html, "\n".join(doubts)))
    return parts


def _concerns(findings: Findings, evidence: Evidence, proof: Proof) -> bool:
    """Whether a reader has to see it in the table: what was bet on, what must not slip, what got worse, and their own needles."""
    own = (*findings.audience.needles, findings.audience.quantified_by)
    worse = evidence.verdict is Verdict.GOT_WORSE
    return evidence.headline or worse or evidence.needle in own or evidence.needle in proof.guardrails


def _untold(pairs: Sequence[tuple[Evidence, Needle]], told: Sequence[tuple[Evidence, Needle]]) -> list[str]:
    """'Also weighed: release wait (moved) …': what is left out of a table is named with its verdict."""
    rest = [f"{n.lower_label} ({e.verdict.value})" for e, n in pairs if (e, n) not in told]
    return [f"Also weighed: {say.listed(rest)}."] if rest else []


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
    told = "; ".join(f"grade {say.GRADES[grade]}" for grade in grades)
    under = dict.fromkeys(name for e in weighed for level in (e.before, e.after) for name, _ in say.beneath(e, level))
    return " ".join((f"{say.upper_first(told)}.", *(say.BENEATH[name] for name in under)))


def _doubts(proof: Proof, weighed: Sequence[Evidence]) -> list[str]:
    """What a hostile reader would say of the headline needles, said first; each a sentence, none twice."""
    head = [e for e in weighed if e.headline]
    doubts = [f"Grade {g.value}: {say.GRADES[g][3:]}." for g in sorted({e.grade for e in head}) if g is not Grade.A]
    if left := sorted({team for e in head for team in e.left_out}):
        noun = f"The {proof.by}s " if len(left) > 1 else f"The {proof.by} "
        have = "have" if len(left) > 1 else "has"
        doubts.append(
            f"{noun}{_some(left)} {have} no facts on one side of the start, and {have} no part in the comparison."
        )
    doubts += [f"{say.upper_first(clause).rstrip('.')}." for clause in proof.also]
    doubts += [note for e in head for note in e.notes]
    return list(dict.fromkeys(doubts))


def _some(names: Sequence[str], most: int = 5) -> str:
    if len(names) <= most:
        return say.listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def path(findings: Findings, chosen: Mapping[str, Proof], brand: Brand) -> Page:
    """Where a change's time goes, mean days by step: the first proof's teams before and after, else quarter against quarter."""
    for key, proof in chosen.items():
        teams = max((e.teams for e in findings.evidence[key]), key=len, default=())
        if found := findings.paths(proof, teams):
            return _path_page(found, ("Before", "After"), brand, key)
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
    return Page((heading("Where the waiting went"), picture))


def needles(findings: Findings, params: Mapping[str, NeedleParams], brand: Brand) -> Page:
    """The table of needles with owners, last quarter, this quarter, target, nine quarters and the proof's effect."""
    if not findings.needles:
        return NOTHING
    worse = [e.needle for weighed in findings.evidence.values() for e in weighed if e.verdict is Verdict.GOT_WORSE]
    told = dict.fromkeys((*(needle.key for needle in findings.needles), *worse))
    rows = [_row(findings, findings.needle(key), params.get(key, NeedleParams())) for key in told]
    labels = (findings.quarter.shift(-1).label, findings.quarter.label)
    parts: list[Block | Figure] = [heading("The needles we own together"), *_use_case(findings)]
    parts.append(needle_table(rows, labels, brand))
    if any(findings.evidence.values()):
        parts.append(
            note(
                f"The quarters are those of {whose(findings, 'the ')}; the change and its verdict are the proof's, in its own "
                "teams and weeks, so the two need not agree."
            )
        )
    parts += restated(findings)
    if findings.missing:
        parts.append(note(f"{WANTING} {' '.join(findings.missing.values())}"))
    return Page(tuple(parts))


def wanting(findings: Findings, needle: Needle) -> Page | None:
    """The sentence that stands for a picture of a needle that the extract cannot give; None where it can.

    What the table of needles says already is not said again.
    """
    lacking = measure.lacking(findings.snapshot, needle)
    if lacking is None:
        return None
    return NOTHING if needle.key in findings.missing else Page((note(f"{WANTING} {lacking}"),))


def _use_case(findings: Findings) -> list[Block]:
    """The use case that the needles hang on, component by component; nothing where none is named."""
    case = findings.audience.use_case
    if case is None:
        return []
    names = {key: [say.lower_first(findings.needle(k).label) for k in keys] for key, keys in case.components.items()}
    told = "; ".join(f"{component}: {say.listed(labels)}" for component, labels in names.items())
    text = f"They hang on one business use case, {say.lower_first(case.name)}. {told}."
    return [Block("section", joined([text]), text)]


def _row(findings: Findings, needle: Needle, params: NeedleParams) -> Row:
    history = findings.history(needle)
    evidence = findings.of(needle.key)
    bet = params.standing(findings.quarter.window.end - timedelta(days=1))
    record = [reading_shown(findings, needle, r) for r in history if r.known]
    return Row(
        needle=needle,
        owners=params.owners,
        before=history[-2].value,
        now=history[-1].value,
        target=bet_target(bet, needle) if bet else None,
        history=tuple(r.value for r in history),
        evidence=evidence,
        record=(*record, *(evidence_shown(findings, evidence) if evidence else ())),
    )


def who_else(audience: Audience) -> Page:
    """Claims of others with their sources, apart from our own numbers."""
    if not audience.external_proof:
        return NOTHING
    items = Markup("").join(
        Markup("<li>{}{} <cite>{}, {}</cite></li>").format(
            Markup("<strong>{}</strong> ").format(c.number) if c.number else "", c.claim, c.source, c.year
        )
        for c in audience.external_proof
    )
    plain = "\n".join(f"{c.claim} ({c.source}, {c.year})" for c in audience.external_proof)
    html = Markup("<h2>Who else had this problem</h2><ul>{}</ul>").format(items)
    return Page((Block("who", html, plain, tuple(map(_elsewhere, audience.external_proof))),))


def _elsewhere(claim: Citation) -> Shown:
    """A claim of others as it is recorded: its words, for its number is not ours."""
    text = f"{claim.number or ''} {claim.claim}".strip()
    return Shown(
        f"elsewhere.{hashlib.sha256(text.encode()).hexdigest()[:8]}", f"{text} ({claim.source}, {claim.year})", None
    )


def ask(asked: Asked | None) -> Page:
    """The ask, and what would make us stop."""
    if asked is None:
        return NOTHING
    stop = Markup("<p>{}</p>").format(asked.stop) if asked.stop else ""
    html = Markup('<p class="rk-ask-for"><strong>We ask for: {}</strong></p>{}').format(asked.text, stop)
    return Page((Block("ask", html, f"We ask for: {asked.text}\n{asked.stop or ''}".strip(), asked.record),))
