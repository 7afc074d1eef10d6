"""Report: all that a notebook sees. Each method shows one section; the data behind it is a property or a method away.

A section that an earlier build has kept is shown without pandas, the engine or any picture's code: they are imported when
something is worked out.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from reportkit import sections, shared
from reportkit.display import Page
from reportkit.english import changes, headings
from reportkit.errors import UnknownName
from reportkit.figures.look import look
from reportkit.model.background import Background
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence
from reportkit.model.needle import Needle
from reportkit.model.params import Ask, Audience, Choice, NeedleParams, Organisation, Proof
from reportkit.model.period import Quarter
from reportkit.narrative.amended import note
from reportkit.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from reportkit.findings import Findings
    from reportkit.sections.referred import Asked

Given = ParamSpec("Given")
REPORTKIT = re.compile(r"\breportkit\b")
OPENS = re.compile(r"^from\s+reportkit\s+import\s+(open_report|compare|Proof|,|[ ])+$", re.MULTILINE)


def _kept(section: Callable[Concatenate[Report, Given], Page]) -> Callable[Concatenate[Report, Given], Page]:
    """The section, worked out once in a build: by the first notebook that asks for the same, or by one of an earlier build."""

    @wraps(section)
    def page(report: Report, /, *given: Given.args, **named: Given.kwargs) -> Page:
        report._at_work.append(report._ground)  # noqa: SLF001
        try:
            ground = (report._ground, *_reaching(_cells()), *look(report.setting.brand))  # noqa: SLF001
            key = ("page", section.__name__, given, named, ground)
            return shared.once(key, lambda: section(report, *given, **named))
        finally:
            report._at_work.pop()  # noqa: SLF001

    return page


def _cells() -> Sequence[str]:
    """The cells that the notebook has run so far, with the one that runs."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell.user_ns.get("In", ()) if shell else ()


def _reaching(cells: Sequence[str]) -> Sequence[str]:
    """The cells from the first one that reaches into reportkit's modules: from there on each may change what sections do."""
    first = next((i for i, cell in enumerate(cells) if REPORTKIT.search(OPENS.sub("", cell))), len(cells))
    return cells[first:]


@dataclass(frozen=True)
class Setting:
    """What all reports of a quarter share."""

    organisation: Organisation
    needles: Mapping[str, NeedleParams]
    choices: Mapping[str, Choice]
    brand: Brand
    snapshot: Snapshot
    background: Background = field(default_factory=Background)
    others: int = 0  # reports of the quarter beside this one


@dataclass(frozen=True, repr=False)
class Report:
    """One audience's report for one quarter. Show `report.answer()`, `report.problem()` … one a cell, in order."""

    key: str
    audience: Audience
    quarter: Quarter
    ask_for: Ask | None
    proofs: Mapping[str, Proof]
    setting: Setting
    ask_at: str = "params"  # where the ask is written, and the problem
    problem_at: str = "params"

    def __repr__(self) -> str:
        # No title and no name of the organisation: those may change without the notebook being run again.
        return f"Report for {self.key}, {self.quarter.label}"

    @property
    def _ground(self) -> str:
        """A digest of all that the report is of; a cell may change some of it, which no section does."""
        if self._at_work:
            return self._at_work[-1]
        return hashlib.sha256(repr([getattr(self, of.name) for of in fields(self)]).encode()).hexdigest()

    @property
    def findings(self) -> Findings:
        """Readings and evidence, computed when first asked for, and anew once a cell has changed what they are of."""
        from reportkit.findings import Findings

        ground, setting = self._ground, self.setting
        if ground not in self._found:
            self._found[ground] = Findings(
                self.audience,
                self.quarter,
                dict(self.proofs),
                setting.organisation,
                setting.snapshot,
                setting.background,
            )
        return self._found[ground]

    @cached_property
    def _at_work(self) -> list[str]:
        """The digest, for each section that is at work."""
        return []

    @cached_property
    def _found(self) -> dict[str, Findings]:
        """Findings by what they are of."""
        return {}

    @property
    def asked(self) -> Asked | None:
        """What is asked, with the numbers that its text refers to. Raises ParamsError where the narrative check objects."""
        return sections.referred.asked(self.findings, self.ask_for, self.setting.needles, self.ask_at)

    @_kept
    def answer(self) -> Page:
        """The headline, what was tried and what came of it, four figures at most, and what is asked."""
        self._read()
        return sections.answer.answer(self.findings, self.asked)

    def _read(self) -> None:
        """Read the problem as the narrative check does. Raises ParamsError where it objects and nobody waived that."""
        sections.referred.problem_read(self.findings, self.setting.needles, self.problem_at)

    @_kept
    def problem(self) -> Page:
        """The reader's problem in their words, and as one number."""
        self._read()
        return sections.problem.problem(self.findings, self.setting.needles, self.setting.brand)

    @_kept
    def proof(self, name: str | None = None) -> Page:
        """What the proofs of concept showed: picture, sentences, table of evidence.

        The one called `name` is shown in full: all pictures, behaviour charts, and everything that a claim had to survive.
        """
        return sections.proofs.proofs(self.findings, self._proofs(name), self.setting.brand, full=name is not None)

    @_kept
    def path(self, name: str | None = None) -> Page:
        """Where a change's time goes, before and after the proof; nothing where the extract does not tell."""
        return sections.proofs.path(self.findings, self._proofs(name), self.setting.brand)

    @_kept
    def cut(self, needle: str, by: str) -> Page:
        """A needle by team, service, journey, severity …: each group's last two quarters; small groups folded into one.

        Where the extract cannot give the needle, the sentence that says so. Raises UnknownName, and MeasureError where its
        facts have no such column.
        """
        return sections.owned.wanting(self.findings, self.needle(needle)) or sections.cut.cut(
            self.findings, self.findings.needle(needle), by, self.setting.brand
        )

    @_kept
    def needles(self) -> Page:
        """The table of the needles that platform and reader own together."""
        return sections.owned.needles(self.findings, self.setting.needles, self.setting.brand)

    @_kept
    def returned(self, name: str | None = None) -> Page:
        """What the proofs returned in money, by the assumptions in organisation.yaml; nothing where none is given."""
        return sections.returned.returned(self.findings, self._proofs(name), self.setting.brand)

    @_kept
    def spread(self, needle: str, proof: str | None = None) -> Page:
        """The share of a duration's facts done within a time, before and after; nothing where no proof weighs it."""
        found = self.needle(needle)
        return sections.owned.wanting(self.findings, found) or sections.pictures.spread(
            self.findings, found, self._proofs(proof), self.setting.brand
        )

    @_kept
    def stock(self, needle: str) -> Page:
        """A stock with what came in and went out week by week; nothing for another kind of needle."""
        if wanting := sections.owned.wanting(self.findings, self.needle(needle)):
            return wanting
        found = sections.pictures.stocked(self.findings, self.needle(needle), self.setting.brand)
        return sections.pictures.titled(headings.came_and_went(self.needle(needle).label), found)

    @_kept
    def trend(self, needle: str) -> Page:
        """A needle week by week, with the limits of its usual behaviour and its target; nothing where too few weeks are known."""
        found = sections.pictures.moved(self.findings, self.needle(needle), self.setting.needles, self.setting.brand)
        return sections.pictures.titled(headings.by_week(self.needle(needle).label), found)

    @_kept
    def availability(self, by: str = "journey") -> Page:
        """Availability by journey with its nines and error budget; nothing where the extract does not tell it."""
        return sections.pictures.journeys(self.findings, self.setting.brand, by)

    @_kept
    def heat(self, needle: str, by: str = "team") -> Page:
        """The needle by group and month, small groups folded. Raises MeasureError where it cannot be cut like that."""
        return sections.owned.wanting(self.findings, self.needle(needle)) or sections.pictures.by_month(
            self.findings, self.needle(needle), self.setting.brand, by
        )

    @_kept
    def who_else(self) -> Page:
        """How others fared with the same problem, with sources; nothing where none is given."""
        return sections.asking.who_else(self.audience)

    @_kept
    def promised(self) -> Page:
        """Last quarter's bets on these needles with what became of them; nothing where none was on record."""
        return sections.promised.promised(self.findings)

    @_kept
    def ask(self) -> Page:
        """What the report asks for, and when we would stop; nothing where nothing is asked."""
        return sections.asking.ask(self.asked)

    @_kept
    def how(self, *, brief: bool = False) -> Page:
        """How we know: sources, rows, rules, definitions, methods; in brief only what came in and was left out.

        A quarter's only report says all of it, for there is no other to look it up in.
        """
        return sections.knowing.how(self.findings, self.setting.choices, brief=brief and self.setting.others > 0)

    def needle(self, key: str) -> Needle:
        """The declaration of a needle. Raises UnknownName."""
        return self.findings.needle(key)

    def facts(self, needle: str, by: str = "team") -> pd.DataFrame:
        """The facts of a needle as pandas, one row a fact, times in UTC."""
        return self.findings.facts(self.findings.needle(needle), by)

    def history(self, needle: str) -> pd.DataFrame:
        """The needle by quarter: quarter, value (NaN is a gap), facts, open; oldest first."""
        import pandas as pd

        rows = self.findings.history(self.findings.needle(needle))
        labels = [Quarter.of(r.window.start, self.quarter.first_month).label for r in rows]
        return pd.DataFrame(
            {
                "quarter": labels,
                "value": [r.value for r in rows],
                "facts": [r.facts for r in rows],
                "open": [r.open for r in rows],
            }
        )

    def compare(self, needle: str, proof: Proof | str) -> Evidence:
        """The evidence of one needle in a proof, `evidence.weekly` behind it; pass a changed Proof to try another window.

        A Proof is changed with `proof.model_copy(update={"before": 10})`; what was changed after the read-out is marked.
        """
        name = proof if isinstance(proof, str) else headings.AS_CHANGED
        chosen = self._proofs(proof)[proof] if isinstance(proof, str) else Proof.model_validate(proof.model_dump())
        found = self.findings.weighed(self.findings.needle(needle), chosen, name)
        mark = self._mark(name, chosen)
        return replace(found, amended=mark, notes=(mark, *found.notes)) if mark else found

    def show(self, evidence: Evidence, proof: Proof | str | None = None) -> Page:
        """One evidence in full: sentence, picture, behaviour chart, table with what it had to survive."""
        chosen = self._proofs(evidence.proof)[evidence.proof] if proof is None else proof
        known = self._proofs(chosen)[chosen] if isinstance(chosen, str) else chosen
        return sections.proofs.one(evidence, self.needle(evidence.needle), known, self.setting.brand)

    def _mark(self, name: str, chosen: Proof) -> str:
        """How a proof was changed after its read-out: in this notebook, or in params/proofs.yaml."""
        if name in self.proofs:
            return self.setting.background.amended.get(name, "")
        declared = next((proof for proof in self.proofs.values() if proof.name == chosen.name), None)
        if declared is None or self.quarter.window.end < declared.read_out:
            return ""
        return note(declared, chosen, when=changes.HERE)

    def _proofs(self, name: str | None) -> Mapping[str, Proof]:
        if name is None:
            return self.proofs
        if name not in self.proofs:
            raise UnknownName("proof", name, self.proofs, where=f"params/{self.quarter}.yaml")
        return {name: self.proofs[name]}
