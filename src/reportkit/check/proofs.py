"""What is wrong with proofs: dates, teams, needles, and how they fit the extracts of their quarters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property

from reportkit import entities, measure, needles
from reportkit.check.sources import taken
from reportkit.entities import CUTS, Entity
from reportkit.errors import unknown
from reportkit.evidence.minimum import WEEKS_AFTER, WEEKS_BEFORE
from reportkit.model.needle import Needle
from reportkit.model.params import Proof, Rule
from reportkit.model.period import Window, day_text
from reportkit.model.unit import plural
from reportkit.params import Fault
from reportkit.snapshot import Snapshot, fetched
from reportkit.workspace import Workspace

FILE = "proofs.yaml"
TEAMS = 4  # the fewest that can be told from one another's ups and downs


def faults(place: Workspace) -> Iterator[Fault]:
    """Every fault of the proofs, by themselves and in the quarters that report them."""
    for key, proof in place.proofs.items():
        yield from _dates(_Proof(place, key, proof))
        yield from _names(_Proof(place, key, proof))
    for quarter, particular in place.quarters.items():
        snapshot = taken(place, quarter)
        for key in particular.proofs:
            if key in place.proofs:
                yield from _in_quarter(_Proof(place, key, place.proofs[key]), quarter, snapshot)
        if snapshot is not None:
            snapshot.close()


def advice(place: Workspace) -> Iterator[Fault]:
    """What would let a proof say more."""
    for key, proof in place.proofs.items():
        one = _Proof(place, key, proof)
        if proof.comparison == "none" and proof.treated != "all":
            few = len(proof.treated) < TEAMS
            worth = "nothing can be claimed of fewer than four teams alone" if few else "the cause cannot be shown"
            yield one.fault(f"{worth}; name every other team with `comparison: all others`.", "comparison")
        elif isinstance(proof.comparison, tuple) and len(proof.comparison) < TEAMS:
            yield one.fault(
                f"{plural(len(proof.comparison), 'team')} to compare with cannot serve as a ruler, {TEAMS} can; "
                "`comparison: all others` names every other team.",
                "comparison",
            )
        if proof.picked is None:
            yield one.fault("nothing says how its teams were picked; say it under `picked: {how: …}`.")


@dataclass(frozen=True)
class _Proof:
    place: Workspace
    key: str
    proof: Proof

    def fault(self, text: str, *path: object) -> Fault:
        return Fault(self.place.params.lines.where(FILE, self.key, *path), f"{self.key}: {text}")

    @cached_property
    def needles(self) -> Mapping[str, Needle]:
        """Its needles that exist."""
        return {key: needles.library()[key] for key in self.proof.needles if key in needles.library()}


def _dates(one: _Proof) -> Iterator[Fault]:
    proof, before = one.proof, one.proof.windows[0]
    if proof.before < WEEKS_BEFORE:
        text = (
            f"{plural(proof.before, 'week')} before the start, {WEEKS_BEFORE} needed for a verdict; lengthen `before`."
        )
        yield one.fault(text, "before")
    if proof.after < WEEKS_AFTER:
        text = f"{plural(proof.after, 'week')} after the start, {WEEKS_AFTER} needed for a verdict; lengthen `after`."
        yield one.fault(text, "after")
    if proof.read_out < proof.span.end:
        yield one.fault(
            f"it is read out on {day_text(proof.read_out)}, before its last week ends; "
            f"`read_out` can be {proof.span.end} at the earliest.",
            "read_out",
        )
    yield from _sources(one)
    picked = proof.picked
    if picked is None or picked.needle not in one.needles:
        return
    if picked.weeks is None:
        text = f"its teams were picked by {picked.needle}; `picked.weeks` must say by which weeks' values."
        yield one.fault(text, "picked")
    elif picked.weeks[1] > before.start:
        yield one.fault(
            f"its teams were picked by {picked.needle} in weeks up to {picked.weeks[1]}, inside the weeks before the "
            f"start, which begin on {before.start}; teams picked at a bad time get better by themselves: shorten `before`.",
            "before",
        )


def _sources(one: _Proof) -> Iterator[Fault]:
    """A fault for each change of a source inside the proof's weeks that nobody has called harmless."""
    span = one.proof.span
    for entity in dict.fromkeys(needle.entity for needle in one.needles.values()):
        mapping = one.place.sources.entities.get(entity)
        for day, change in (mapping.changed if mapping else {}).items():
            if span.start < day < span.end and change.harmless is None:
                yield Fault(
                    one.place.params.lines.where("sources.yaml", "entities", entity, "changed", day),
                    f"{change.what} on {day_text(day)}, inside the weeks of the proof {one.key}, so nothing can be claimed of "
                    f"{entity}; say under `harmless` why both sides are still counted alike, or move the proof's weeks.",
                )


def _names(one: _Proof) -> Iterator[Fault]:
    yield from _teams(one)
    proof = one.proof
    for key in proof.smallest_effect:
        if key in needles.library() and key not in proof.needles:
            text = f"it says the smallest effect of {key}, which is none of its needles; add it to them or take it out."
            yield one.fault(text, "smallest_effect", key)
    for key in proof.guardrails:
        if key in (*proof.headline, *proof.supporting):
            text = f"{key} is both bet on and a guardrail; it can be one of the two."
            yield one.fault(text, "guardrails", key)
    for entity in dict.fromkeys(needle.entity for needle in one.needles.values()):
        yield from _group(one, entities.find(entity))


def _teams(one: _Proof) -> Iterator[Fault]:
    """A fault for each team that is named twice or on both sides, and where nobody takes part or nobody is left to compare with."""
    proof = one.proof
    sides = {field: value for field in ("treated", "comparison") if isinstance(value := getattr(proof, field), tuple)}
    if not proof.treated:
        yield one.fault("no team takes part; name them under `treated`.", "treated")
    for field, teams in sides.items():
        for team in sorted({team for team in teams if teams.count(team) > 1}):
            yield one.fault(f"{team} is named twice; once is enough.", field)
    if len(sides) == 2 and (both := sorted(set(proof.treated) & set(proof.comparison))):
        text = f"{', '.join(both)} cannot both take part and serve as comparison; take it out of one of the two."
        yield one.fault(text, "comparison")
    for team in proof.starts if proof.treated != "all" else ():
        if team not in proof.treated:
            yield one.fault(f"{team} has a start of its own, but takes no part; add it to `treated`.", "starts", team)
    if proof.treated == "all" and proof.comparison != "none":
        yield one.fault("where all take part there is nobody to compare with; set `comparison: none`.", "comparison")


def _group(one: _Proof, entity: Entity) -> Iterator[Fault]:
    """A fault where a column that says who takes part, or what type a fact is, is not there, or says no such thing."""
    mapping = one.place.sources.entities.get(entity.name)
    known = (*entity.names, *(name for name in (mapping.columns if mapping else ()) if name.startswith("x_")))
    for field, name in (("by", one.proof.by), *(("strata", name) for name in one.proof.strata)):
        if name not in known:
            if field == "by" or not _elsewhere(one, name):
                yield one.fault(unknown(f"column of {entity.name}", name, known), field)
        elif name == entity.key or entity.field(name).type != "text":
            use = "groups that could take part" if field == "by" else "types"
            cuts = " or ".join(cut.name for cut in CUTS)
            yield one.fault(f"{entity.name}.{name} names no {use}; write {cuts}.", field)


def _elsewhere(one: _Proof, column: str) -> bool:
    """Whether the facts of one of the proof's needles have the column: the others are weighed without that stratum."""
    found = dict.fromkeys(needle.entity for needle in one.needles.values())
    for name in found:
        mapping = one.place.sources.entities.get(name)
        if column in (*entities.find(name).names, *(mapping.columns if mapping else ())):
            return True
    return False


def _in_quarter(one: _Proof, quarter: str, snapshot: Snapshot | None) -> Iterator[Fault]:
    """What does not fit between a proof and the quarter that reports it."""
    cut = one.place.period(quarter).window.end
    if one.proof.start >= cut:
        yield Fault(
            one.place.params.lines.where(f"{quarter}.yaml", "proofs"),
            f"the proof {one.key} starts on {day_text(one.proof.start)}, after {quarter} has ended; "
            "report it in a later quarter.",
        )
        return
    present: dict[str, list[str]] = {}
    for needle in one.needles.values():
        covers = _covers(one.place, needle.entity, snapshot)
        if covers is not None:
            yield from _inside(one, needle.entity, covers, quarter)
        if snapshot is not None and snapshot.has(needle.entity) and needle.entity not in present:
            present[needle.entity] = _groups(snapshot, needle.entity, one.proof.by)
    if snapshot is not None:
        yield from _restated(one, quarter, snapshot)
    if present:
        yield from _absent(one, present, quarter)
        yield from _unfit(one, present, quarter)


def _covers(place: Workspace, entity: str, snapshot: Snapshot | None) -> Window | None:
    """The days that the facts of an entity cover: as extracted, else as sources.yaml declares them."""
    if snapshot is not None and snapshot.has(entity):
        return snapshot.covers(entity)
    mapping = place.sources.entities.get(entity)
    if mapping is None or mapping.covers is None or mapping.covers[1] < mapping.covers[0]:
        return None
    return Window(*mapping.covers)


def _inside(one: _Proof, entity: str, covers: Window, quarter: str) -> Iterator[Fault]:
    span = one.proof.span
    held = (
        f"the extract of {quarter} holds {entity} of {covers.label}" if covers.days else f"{quarter} holds no {entity}"
    )
    if span.start < covers.start:
        yield one.fault(
            f"its weeks before the start begin on {day_text(span.start)}, but {held}; shorten `before`.", "before"
        )
    # Read out later than the quarter's end, the proof is reported as interim: its last weeks are still to come.
    if span.end > covers.end and one.proof.read_out <= one.place.period(quarter).window.end:
        last = day_text(span.end - timedelta(days=1))
        yield one.fault(
            f"its weeks after the start run until {last}, but {held}; export again or shorten `after`.", "after"
        )


def _groups(snapshot: Snapshot, entity: str, by: str) -> list[str]:
    table = snapshot.table(entity)
    if by not in table.columns:
        return []
    names = fetched(table.select(by).distinct().drop_null()).column(by).to_pylist()
    return sorted(str(name) for name in names)


def _absent(one: _Proof, present: Mapping[str, list[str]], quarter: str) -> Iterator[Fault]:
    """A fault for each team of the proof that occurs in none of its needles' facts."""
    known = {name for names in present.values() for name in names}
    for field in ("treated", "comparison"):
        value = getattr(one.proof, field)
        for i, team in enumerate(value if isinstance(value, tuple) else ()):
            if team not in known:
                yield one.fault(f"{unknown(one.proof.by, team, known)} (In the extract of {quarter}.)", field, i)


def _unfit(one: _Proof, present: Mapping[str, list[str]], quarter: str) -> Iterator[Fault]:
    """A fault where a comparison rule fits too few of those that occur to serve as a ruler."""
    rule = one.proof.comparison
    if not isinstance(rule, Rule) or one.proof.treated == "all":
        return
    known = {name for names in present.values() for name in names} - set(one.proof.treated)
    fits = [name for name in known if fnmatchcase(name, rule.names) and name not in rule.but]
    if len(fits) < TEAMS:
        yield one.fault(
            f"its comparison rule fits {plural(len(fits), one.proof.by)} of the {len(known)} others, {TEAMS} are needed; "
            f"widen `names` or shorten `but`. (In the extract of {quarter}.)",
            "comparison",
        )


def _restated(one: _Proof, quarter: str, snapshot: Snapshot) -> Iterator[Fault]:
    """A fault for each needle whose weeks before the start an earlier extract told otherwise: what is counted changed."""
    audiences = [name for name in one.place.audiences_of(quarter) if name in one.place.audiences]
    usable = [needle for needle in one.needles.values() if not measure.lacking(snapshot, needle)]
    if not audiences or not usable or one.proof.by not in snapshot.table(usable[0].entity).columns:
        return
    findings = replace(one.place.report(audiences[0], quarter).findings, snapshot=snapshot)  # here, whatever the engine
    for needle in usable:
        if one.proof.by in snapshot.table(needle.entity).columns and (clause := findings.restated(needle, one.proof)):
            yield one.fault(
                f"{needle.label} of {clause}; say under `changed` of {needle.entity} in sources.yaml what happened, and why "
                "it is harmless if it is.",
                "before",
            )
