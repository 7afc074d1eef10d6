"""What the proofs returned: money from evidence, every assumption printed, and which of them moves the answer most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from markupsafe import Markup

from reportkit.display import Block, Figure, Page
from reportkit.english import headings
from reportkit.english import returns as say
from reportkit.evidence.worth import returned as worth_of
from reportkit.figures.waterfall import Step, waterfall
from reportkit.findings import Findings
from reportkit.model.brand import Brand
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.shown import Shown
from reportkit.model.unit import COUNT, MONEY, NUMBER, SHARE, Unit, currency
from reportkit.model.worth import Range, Return, Swing
from reportkit.sections.parts import heading, note

COLUMNS = tuple(zip(headings.ASSUMPTIONS, ("name", "num", "num"), strict=True))
ALL = "return_on_investment"  # the needle whose name a reader could take for the return of a proof


def returned(findings: Findings, chosen: Mapping[str, Proof], brand: Brand) -> Page:
    """For each proof whose needles have a worth: the sentence, the waterfall, what the answer hangs on, the assumptions."""
    params = findings.organisation.money
    if params is None:
        return Page(())
    money = currency(findings.organisation.currency, MONEY)
    parts: list[Block | Figure] = []
    for key, proof in chosen.items():
        pairs = [(e, findings.needle(e.needle)) for e in findings.evidence[key]]
        if found := worth_of(pairs, key, params):
            parts += _one(found, proof, {needle.key: needle for _, needle in pairs}, money, brand)
    if not parts:
        return Page(())
    told = ALL in findings.audience.needles and ALL not in findings.missing
    rule = (headings.RULE, *([headings.another_sum(findings.needle(ALL))] if told else []))
    return Page((heading(headings.RETURNED), *parts, note(" ".join(rule))))


def _one(found: Return, proof: Proof, needles: Mapping[str, Needle], money: Unit, brand: Brand) -> list[Block | Figure]:
    told = [
        say.sentence(found, proof, money),
        say.hangs_on(found, needles, money) if found.savings else "",
        say.left_out(found, needles),
    ]
    text = " ".join(filter(None, told))
    parts: list[Block | Figure] = [Block("section", Markup("<p>{}</p>").format(text), text, _record(found, money))]
    if not found.savings:
        return parts
    steps = [Step(needles[s.needle].label, s.money.likely) for s in found.savings]
    if found.cost:
        steps.append(Step(headings.COST, -found.cost.likely))
    weeks = headings.saved_in(found.weeks, proof.name, [say.units(s, needles[s.needle]) for s in found.savings])
    parts.append(waterfall(steps, found.net, money, brand, name=f"waterfall-{found.proof}", note=weeks))
    return [*parts, _assumptions(found, needles, money)]


def _assumptions(found: Return, needles: Mapping[str, Needle], money: Unit) -> Block:
    """Every assumption with its range and what is left at either end, the one that moves the answer most first."""
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style, label)
        for label, style in COLUMNS
    )
    rows = [_assumption(swing, needles, money) for swing in found.swings]
    body = Markup("").join(
        Markup(
            '<tr role="row"><th scope="row" role="rowheader" class="rk-name">{}: <span class="rk-because">{}</span></th>'
            '<td role="cell" class="rk-num" data-label="{}">{}</td><td role="cell" class="rk-num" data-label="{}">{}</td></tr>'
        ).format(name, because, COLUMNS[1][0], taken, COLUMNS[2][0], left)
        for name, because, taken, left in rows
    )
    html = Markup(
        '<table class="rk-needle-table rk-assumptions" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(head, body)
    plain = "\n".join(headings.assumption(name, taken, left, because) for name, because, taken, left in rows)
    return Block("needles", html, plain)


def _assumption(swing: Swing, needles: Mapping[str, Needle], money: Unit) -> tuple[str, str, str, str]:
    """Name, why, what it was taken to be with its range, and what is left at either end of that."""
    taken = say.value(swing, swing.value.likely, money)
    if swing.value.low == swing.value.high:
        return say.name(swing, needles), swing.because, taken, "–"
    low, high = (say.value(swing, end, money) for end in (swing.value.low, swing.value.high))
    return (
        say.name(swing, needles),
        swing.because,
        headings.taken_to_be(taken, low, high),
        " · ".join(money.text(net) for net in swing.net),
    )


def _record(found: Return, money: Unit) -> tuple[Shown, ...]:
    """The sums, what they are made of and every assumption as they are recorded, each with its range."""
    sums = {"benefit": found.benefit, "cost": found.cost, "net": found.net}
    shown = [_shown(found, name, value, money.text, money.key) for name, value in sums.items() if value]
    if found.roi:
        shown.append(_shown(found, "roi", found.roi, say.percent, SHARE.key))
    shown.append(_shown(found, "engineers", found.engineers, lambda v: NUMBER.number(round(v, 1)), "engineers"))
    shown.append(_shown(found, "weeks", Range(found.weeks, found.weeks, found.weeks), COUNT.number, "weeks"))
    for saving in found.savings:
        shown.append(_shown(found, f"saved.{saving.needle}", saving.money, money.text, money.key))
        size = abs(saving.units)
        shown.append(_shown(found, f"units.{saving.needle}", Range(size, size, size), say.size, "units"))
    for swing in found.swings:
        name = f"assumption.{swing.name.replace(' ', '_')}"
        shown.append(_shown(found, name, swing.value, partial(say.value, swing, money=money), swing.unit))
        left = Range(found.net.likely, min(swing.net), max(swing.net))
        shown.append(_shown(found, f"{name}.left", left, money.text, money.key))
    return tuple(shown)


def _shown(found: Return, name: str, value: Range, write: Callable[[float], str], unit: str) -> Shown:
    return Shown(
        id=f"{found.proof}.returned.{name}",
        text=write(value.likely),
        value=value.likely,
        unit=unit,
        proof=found.proof,
        interval=(value.low, value.high),
        span=headings.span(write(value.low), write(value.high)),
    )
