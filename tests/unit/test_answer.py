"""Page one: the lead is the reader's own, no harm is hidden, and what the changes were measured against is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reportkit.display import Block, Figure
from reportkit.english import headings, lede
from reportkit.findings import Findings
from reportkit.model.evidence import Evidence, Grade, Interval, Verdict
from reportkit.model.params import Audience, Organisation, Proof
from reportkit.model.period import Quarter, Window
from reportkit.needles import find
from reportkit.sections import proofs
from reportkit.sections.answer import answer
from tests.conftest import Freeze
from tests.sample_report import BRAND, WORLDS, invent
from tests.unit.test_narrative import evidence

NAMES = ("change_failure_rate", "recovery_time", "deployment_frequency", "outages")
YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))
MORE = {"comparison_teams": tuple("vwxyz")}


def proof(name: str) -> Proof:
    return Proof(
        name=name, tried=f"{name.lower()} for all", treated=("a", "b"), start=date(2026, 4, 6), read_out=date(2026, 6, 30),
        headline=("outages",),
    )  # fmt: skip


def findings(freeze: Freeze, *weighed: Evidence, other: tuple[Evidence, ...] = (), **audience: object) -> Findings:
    """A report on failures: 2 of 44 deployments in the first quarter, 12 of 40 in the second, and these evidences."""
    times = [datetime(2026, 1, 5, 10, tzinfo=UTC) + timedelta(days=4 * i) for i in range(43)]
    times = [t for t in times if t.month < 7 and t != datetime(2026, 4, 3, 10, tzinfo=UTC)]
    many = [(t + timedelta(hours=h), f"d{t:%j}-{h}") for t in times for h in (0, 6)]
    failed = [at for at, name in many if (int(name[1:4]) % 3 == 0 if at.month > 3 else name in ("d005-0", "d009-0"))]
    facts = {
        "changes": [{"change_id": "c1", "first_commit_at": times[0], "deployed_at": times[1]}],
        "deployments": [{"deployment_id": name, "service": "shop", "deployed_at": at} for at, name in many],
        "incidents": [
            {"incident_id": f"i{n}", "outage": True, "service": "shop", "started_at": at + timedelta(minutes=5),
             "resolved_at": at + timedelta(hours=1)}
            for n, at in enumerate(failed)
        ],
    }  # fmt: skip
    organisation = Organisation(name="Sample", currency="GBP")
    given: dict[str, Any] = {
        "quantified_by": "change_failure_rate",
        "supporting": ("deployment_frequency",),
        "guardrails": (),
        **audience,
    }
    reader = Audience(
        title="Board", problem="Releases break things.", primary="change_failure_rate", **given
    )  # fmt: skip
    snapshot = freeze(facts, YEAR, rules=organisation.rules())
    proofs = {"paved": proof("The paved road"), "desk": proof("A central desk")} if weighed or other else {}
    found = Findings(reader, Quarter(2026, 2), proofs, organisation, snapshot)
    found.__dict__["evidence"] = {"paved": weighed, "desk": other} if proofs else {}
    return found


def first(found: Findings) -> str:
    return answer(found).parts[0].plain.splitlines()[0]


def moved(name: str, before: float, after: float, verdict: Verdict = Verdict.MOVED, **more: object) -> Evidence:
    return replace(evidence(find(name), before, after, verdict, Grade.A), **more)


def test_what_moved_leads_only_where_it_is_the_readers_own(freeze: Freeze) -> None:
    of_others, own = moved("outages", 9.0, 3.0), moved("deployment_frequency", 4.0, 8.0)
    assert first(findings(freeze, of_others)).startswith("30% of deployments fail in production, after ")
    assert first(findings(freeze, of_others, own)) == ("In six teams, there are now 8 deployments a week instead of 4.")


def test_a_supporting_needle_that_moved_is_no_headline(freeze: Freeze) -> None:
    supporting = moved("change_failure_rate", 0.3, 0.1, headline=False)
    assert first(findings(freeze, moved("outages", 9.0, 3.0), supporting)).startswith("30% of deployments")


def test_harm_leads_before_what_moved_and_the_primary_before_the_rest(freeze: Freeze) -> None:
    worse = moved("deployment_frequency", 8.0, 4.0, Verdict.GOT_WORSE)
    assert "4 deployments a week instead of 8" in first(findings(freeze, moved("change_failure_rate", 0.3, 0.1), worse))
    both = findings(freeze, moved("deployment_frequency", 4.0, 8.0), moved("change_failure_rate", 0.3, 0.1))
    assert first(both) == "In six teams, 10% of deployments now fail in production instead of 30%."


def test_the_quarter_before_is_a_fact_and_no_effect(freeze: Freeze) -> None:
    found = findings(freeze, moved("outages", 9.0, 3.0))
    headline = first(found)
    assert headline == "30% of deployments fail in production, after 5% a quarter earlier."
    shown = {one.text for one in answer(found).parts[0].record}
    assert {"4.5%", "30%"} <= shown
    own = moved("change_failure_rate", 0.1, 0.2, Verdict.NOT_SHOWN)
    assert first(findings(freeze, own)) == (
        "30% of deployments fail in production; the paved road is not shown to have changed that."
    )


def test_a_number_that_rests_on_few_facts_says_so_and_has_no_quarter_before_it(freeze: Freeze) -> None:
    assert first(findings(freeze, quantified_by="recovery_time")) == (
        "Recovering from a failed deployment takes 0.92 hours (12 failed deployments)."
    )


def test_the_strip_begins_with_the_readers_needle_and_hides_no_harm(freeze: Freeze) -> None:
    found = findings(
        freeze,
        moved("deployment_frequency", 4.0, 8.0),
        moved("recovery_time", 4.0, 2.0),
        moved("change_failure_rate", 0.3, 0.1, headline=False),
        other=(replace(moved("outages", 3.0, 9.0, Verdict.GOT_WORSE), proof="desk"),),
    )
    labels = [line.split(",")[0] for line in answer(found).parts[1].plain.splitlines()]
    assert labels == ["Change failure rate", "Deployment frequency", "Outages", "Failed deployment recovery time"]


def test_the_harm_of_another_proof_is_told_whatever_its_grade(freeze: Freeze) -> None:
    lead = moved("change_failure_rate", 0.3, 0.1)
    worse = replace(moved("outages", 3.0, 9.0, Verdict.GOT_WORSE), proof="desk")
    text = answer(findings(freeze, lead, other=(worse,))).parts[0].plain
    assert "Another proof did harm: with a central desk, outages rose from 3 to 9 a month." in text
    assert "No needle is shown to have got worse" not in text
    doubtful = evidence(
        find("outages"), 3.0, 9.0, Verdict.NOT_SHOWN, Grade.C, interval=Interval(1.5, 6.0), headline=False
    )
    text = answer(findings(freeze, lead, other=(doubtful,))).parts[0].plain
    assert text.endswith(
        "In another proof, a central desk, outages were higher afterwards (3 → 9 a month); with nobody to compare with, "
        "this cannot be told from their own ups and downs."
    )
    assert "rose" not in text
    assert "No needle is shown to have got worse" not in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, True), ({"interval": Interval(0.8, 6.0)}, False), ({"verdict": Verdict.NOT_ENOUGH_DATA}, False), ({"grade": Grade.B}, False)],
)  # fmt: skip
def test_only_clear_harm_of_few_teams_is_told_as_higher_afterwards(changes: dict[str, object], told: bool) -> None:
    e = evidence(find("outages"), 3.0, 9.0, Verdict.NOT_SHOWN, Grade.C, interval=Interval(1.5, 6.0))
    text = lede.lede([(replace(e, **changes), find("outages"))], proof("The paved road"))
    assert ("higher afterwards" in text) == told
    better = replace(e, better="higher")
    assert "afterwards" not in lede.lede([(better, find("outages"))], proof("The paved road"))


@pytest.mark.parametrize(
    ("grades", "told"),
    [
        ((Grade.A, Grade.A), "against teams that carried on as before. 95% CI"),
        ((Grade.A, Grade.B), "against teams that carried on as before where there are any, else against the weeks before. 95% CI"),
        ((Grade.B, Grade.C), "against the weeks before. 95% CI"),
    ],
)  # fmt: skip
def test_page_one_says_what_changes_are_measured_against(
    freeze: Freeze, grades: tuple[Grade, Grade], told: str
) -> None:
    pair = [replace(moved(name, 4.0, 8.0), grade=grade) for name, grade in zip(NAMES[:3:2], grades, strict=True)]
    unseen = replace(moved("outages", 9.0, 3.0), grade=Grade.A, headline=False)  # in no cell of the strip
    page = answer(findings(freeze, *pair, unseen))
    assert any(part.plain.startswith(f"Changes are measured {told}") for part in page.parts)


def test_nothing_is_said_of_ranges_where_none_is_shown(freeze: Freeze) -> None:
    assert "95% CI" not in answer(findings(freeze)).plain


def test_the_strip_says_from_how_few_facts_a_number_comes(freeze: Freeze) -> None:
    page = answer(findings(freeze, supporting=("recovery_time",)))
    assert "Failed deployment recovery time, Q2 2026: 0.92 hours (from 12 failed deployments; " in page.parts[1].plain
    thin = replace(moved("change_failure_rate", 0.1, 0.2, Verdict.NOT_ENOUGH_DATA), headline=False)
    page = answer(findings(freeze, moved("outages", 9.0, 3.0), thin))
    assert "Change failure rate, Q2 2026: 30% (Not enough data; 4.5% in Q1 2026)" in page.parts[1].plain


def test_what_did_not_change_is_not_said_twice() -> None:
    assert headings.earlier("11.4 days", "11.4 days") == "It was 11.4 days a quarter earlier, as a year earlier."
    assert headings.earlier("", "11.4 days") == "It was 11.4 days a year earlier."
    assert headings.earlier("", "") == ""


def told_below(found: Findings) -> list[str]:
    """What is said below the picture of the leading proof, sentence by sentence."""
    page = proofs.proofs(found, {"paved": found.proofs["paved"]}, BRAND)
    return next(part.plain for part in page.parts if isinstance(part, Block) and part.kind == "section").splitlines()


def test_what_the_lede_told_is_not_told_again_below_its_picture(freeze: Freeze) -> None:
    lead, needle = invent(WORLDS[Verdict.MOVED])
    lead = replace(lead, proof="paved", headline=True, verdict=Verdict.MOVED, grade=Grade.A)
    other = moved("outages", 9.0, 3.0)
    reader = {"supporting": (needle.key,)}
    assert told_below(findings(freeze, lead, other, **reader))[0].startswith("Outages fell")
    alone = replace(lead, grade=Grade.B, comparison_before=None, comparison_after=None)
    assert told_below(findings(freeze, alone, **reader)) == [
        "No teams to compare with: other changes in the same weeks cannot be ruled out."
    ]
    undrawn = replace(lead, weekly=lead.weekly.iloc[:0])
    assert told_below(findings(freeze, undrawn, **reader))[0].startswith(needle.label)
    assert told_below(findings(freeze, lead))[0].startswith(
        needle.label
    )  # not the reader's own: the lede leads with nothing of it


def test_the_readers_own_needle_is_drawn_before_others(freeze: Freeze) -> None:
    drawn, needle = invent(WORLDS[Verdict.MOVED])
    own = replace(
        drawn, needle="change_failure_rate", proof="paved", headline=False, grade=Grade.A, verdict=Verdict.MOVED
    )
    lead = replace(drawn, proof="paved", headline=True, grade=Grade.A, verdict=Verdict.MOVED)
    found = findings(freeze, lead, own)
    page = proofs.proofs(found, {"paved": found.proofs["paved"]}, BRAND)
    names = [part.name for part in page.parts if isinstance(part, Figure)]
    assert names == ["before-after-paved-change_failure_rate"]
    worse = replace(lead, verdict=Verdict.GOT_WORSE)
    page = proofs.proofs(findings(freeze, worse, own), {"paved": found.proofs["paved"]}, BRAND)
    assert [part.name for part in page.parts if isinstance(part, Figure)] == [f"before-after-paved-{needle.key}"]


def test_a_few_dots_are_no_picture(freeze: Freeze) -> None:
    lead, needle = invent(WORLDS[Verdict.MOVED])
    thin = lead.weekly.assign(value=lead.weekly["value"].where(lead.weekly.index % 5 == 0))
    few = replace(lead, proof="paved", headline=True, verdict=Verdict.NOT_ENOUGH_DATA, weekly=thin, reason="4 changes.")
    found = findings(freeze, few, supporting=(needle.key,))
    page = proofs.proofs(found, {"paved": found.proofs["paved"]}, BRAND)
    assert not any(isinstance(part, Figure) for part in page.parts)
    assert any(shown.text == "4 changes." for shown in page.record)
