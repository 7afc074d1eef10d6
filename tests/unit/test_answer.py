"""Page one: the lead is the reader's own, no harm is hidden, and what the changes were measured against is said."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reportkit.display import Block, Figure
from reportkit.english import headings, lede
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model.evidence import Evidence, Grade, Interval, Verdict
from reportkit.model.params import Audience, Organisation, Proof
from reportkit.model.period import Quarter, Window
from reportkit.needles import find
from reportkit.sections import proofs
from reportkit.sections.answer import answer
from reportkit.sections.owned import needles
from reportkit.sections.problem import problem
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


def findings(
    freeze: Freeze, *weighed: Evidence, other: tuple[Evidence, ...] = (), covers: Window = YEAR, **audience: object
) -> Findings:
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
        "primary": "change_failure_rate",
        "quantified_by": "change_failure_rate",
        "supporting": ("deployment_frequency",),
        "guardrails": (),
        **audience,
    }
    reader = Audience(title="Board", problem="Releases break things.", **given)
    facts = {
        name: [row for row in rows if min(v for v in row.values() if isinstance(v, datetime)).date() >= covers.start]
        for name, rows in facts.items()
    }
    snapshot = freeze(facts, covers, rules=organisation.rules())
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
    assert labels == ["Change failure rate", "Outages", "Deployment frequency", "Failed deployment recovery time"]


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


# ---- proofs without evidence, and harm -------------------------------------------------------------------------------


def test_a_leading_proof_without_evidence_gives_way_to_the_next(freeze: Freeze) -> None:
    found = findings(freeze, other=(replace(moved("change_failure_rate", 0.3, 0.1), proof="desk"),))
    page = answer(found)
    title, text = page.parts[0].plain.splitlines()
    assert title == "In six teams, 10% of deployments now fail in production instead of 30%."
    assert text.startswith("Six teams tried a central desk for all")
    assert "Change failure rate, 6 proof teams: 10% (Moved: " in page.parts[1].plain


def test_a_proof_of_which_nothing_is_known_is_not_denied(freeze: Freeze) -> None:
    found = findings(freeze, moved("outages", 9.0, 3.0))
    found.__dict__["evidence"] = {"paved": (), "desk": ()}
    text = answer(found).parts[0].plain.splitlines()[1]
    assert text == (
        "What came of the paved road and a central desk cannot be said: the facts that would show it are not in the "
        "extract. These are the numbers as they stand."
    )
    assert answer(findings(freeze)).parts[0].plain.splitlines()[1].startswith("No proof of concept for this report")


def test_harm_comes_before_three_needles_of_the_readers_own(freeze: Freeze) -> None:
    own = ("deployment_frequency", "recovery_time", "lead_time_for_changes")
    bets = [moved(name, 4.0, 2.0) for name in own]
    worse = replace(moved("outages", 3.0, 9.0, Verdict.GOT_WORSE), proof="desk")
    found = findings(freeze, *bets, other=(worse,), supporting=own)
    lines = answer(found).parts[1].plain.splitlines()
    assert lines[1].startswith("Outages, 6 proof teams: 9 a month (Got worse")
    assert [line.split(",")[0] for line in lines[2:]] == ["Deployment frequency", "Failed deployment recovery time"]


def test_a_needle_that_another_proof_harmed_is_told_as_harmed(freeze: Freeze) -> None:
    worse = replace(moved("change_failure_rate", 0.1, 0.4, Verdict.GOT_WORSE), proof="desk")
    found = findings(freeze, moved("change_failure_rate", 0.3, 0.1), other=(worse,))
    assert "Change failure rate, 6 proof teams: 40% (Got worse: " in answer(found).parts[1].plain
    table = needles(found, {}, BRAND).plain
    assert "got worse" in table.lower()
    assert "moved" not in table.lower()


def test_only_what_the_strip_shows_is_said_to_be_measured(freeze: Freeze) -> None:
    shown = replace(moved("change_failure_rate", 0.3, 0.1), grade=Grade.B)
    beside = replace(moved("change_failure_rate", 0.3, 0.2, Verdict.NOT_SHOWN), proof="desk")  # of grade A, in no cell
    page = answer(findings(freeze, shown, other=(beside,)))
    assert any(part.plain.startswith("Changes are measured against the weeks before.") for part in page.parts)


# ---- all teams, and one ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.MOVED, Verdict.INTERIM])
def test_all_are_claimed_only_where_none_is_left_out(freeze: Freeze, verdict: Verdict) -> None:
    def told(left_out: tuple[str, ...]) -> list[str]:
        found = findings(freeze, moved("change_failure_rate", 0.3, 0.1, verdict, left_out=left_out))
        found.proofs["paved"] = found.proofs["paved"].model_copy(update={"treated": "all"})  # type: ignore[index]
        return answer(found).parts[0].plain.splitlines()

    moved_ = verdict is Verdict.MOVED
    title, text = told(())
    assert (
        title.startswith("10% of deployments now fail")
        if moved_
        else title.endswith("; the paved road for all is being tried.")
    )
    assert text.startswith("All teams ")
    title, text = told(("z",))
    assert (
        title.startswith("In six teams, 10%")
        if moved_
        else title.endswith("; six teams are trying the paved road for all.")
    )
    assert text.startswith("Six teams ")


def test_a_teams_number_stands_beside_no_other_teams_evidence(freeze: Freeze) -> None:
    def told(e: Evidence, team: str) -> list[str]:
        found = findings(freeze, e)
        history = found.history(found.needle("change_failure_rate"))
        one = replace(found, snapshot=found.snapshot.cut({"team": team}))
        one.__dict__.update(evidence=found.evidence, _histories={"change_failure_rate": history})
        return answer(one).parts[0].plain.splitlines()

    unclear = moved("change_failure_rate", 0.1, 0.2, Verdict.NOT_SHOWN)
    assert told(unclear, "z")[0] == "30% of deployments fail in production, after 5% a quarter earlier."
    assert told(unclear, "a")[0].endswith("; the paved road is not shown to have changed that.")
    clear = moved("change_failure_rate", 0.3, 0.1)
    title, text = told(clear, "z")
    assert title == "30% of deployments fail in production, after 5% a quarter earlier."
    assert "Their change failure rate fell from 30 to 10%" in text
    assert told(clear, "a")[0].startswith("In six teams, 10%")


# ---- quarter against quarter -----------------------------------------------------------------------------------------


def reckoned(found: Findings, key: str, before: Reading, now: Reading) -> Findings:
    """The report with these two readings of a needle as its last two quarters."""
    windows = (found.quarter.shift(-1).window, found.quarter.window)
    found._histories[key] = [replace(r, needle=key, window=w) for r, w in zip((before, now), windows, strict=True)]
    return found


def read(value: float, facts: int = 100, still_open: int = 0) -> Reading:
    return Reading("", YEAR, value, facts, still_open)


def test_nine_days_are_no_quarter_to_compare_with(freeze: Freeze) -> None:
    late = Window(date(2026, 3, 23), YEAR.end)
    found = findings(freeze, covers=late, quantified_by="outages", primary="outages")
    assert first(found) == "There are 4 outages a month."
    assert "Outages, Q2 2026: 4 a month (nothing to compare with in Q1 2026)" in answer(found).parts[1].plain
    assert "quarter earlier" not in problem(found, {}, BRAND).plain
    whole = findings(freeze, covers=Window(date(2026, 1, 5), YEAR.end), quantified_by="outages", primary="outages")
    assert first(whole).startswith("There are 4 outages a month, after ")
    assert "a quarter earlier" in problem(whole, {}, BRAND).plain


def test_a_quarter_of_which_a_part_is_covered_says_so_and_is_compared_with_nothing(freeze: Freeze) -> None:
    short = Window(YEAR.start, date(2026, 5, 16))
    found = findings(freeze, covers=short, quantified_by="outages", primary="outages")
    title = first(found)
    assert title.endswith(" outages a month (only 1 Apr – 15 May 2026 is covered).")
    assert "a month (only 1 Apr – 15 May 2026 is covered)" in answer(found).parts[1].plain
    told = problem(found, {}, BRAND).plain
    assert "of which 1 Apr – 15 May 2026 is covered" in told
    assert "quarter earlier" not in told


def test_a_quarter_before_that_rests_on_few_facts_is_not_compared_with(freeze: Freeze) -> None:
    found = findings(freeze)
    assert (
        first(reckoned(found, "change_failure_rate", read(0.1, 29), read(0.3)))
        == "30% of deployments fail in production."
    )
    assert first(reckoned(found, "change_failure_rate", read(0.1, 30), read(0.3))).endswith(
        ", after 10% a quarter earlier."
    )


@pytest.mark.parametrize(("open_before", "open_now"), [(0, 0), (90, 0), (0, 90)])
def test_medians_that_leave_out_many_open_facts_are_not_compared(
    freeze: Freeze, open_before: int, open_now: int
) -> None:
    found = findings(freeze, quantified_by="recovery_time")
    title = first(reckoned(found, "recovery_time", read(4.0, still_open=open_before), read(2.0, still_open=open_now)))
    assert title.endswith(", after 4 hours a quarter earlier.") == (not open_before and not open_now)
    assert ("not counting 90 that still wait" in title) == bool(open_now)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (read(4.0), read(2.0, still_open=50), "2 hours (50 still open now; 4 hours in Q1 2026)"),
        (read(math.nan), read(2.0, 7, 5), "2 hours (from 7 failed deployments; 5 still open now; nothing to compare with in Q1 2026)"),
        (read(4.0), read(math.nan, 0), "no facts (4 hours in Q1 2026)"),
    ],
)  # fmt: skip
def test_the_strip_says_what_a_number_rests_on_and_leaves_out(
    freeze: Freeze, before: Reading, now: Reading, told: str
) -> None:
    found = reckoned(findings(freeze, supporting=("recovery_time",)), "recovery_time", before, now)
    assert f"Failed deployment recovery time, Q2 2026: {told}" in answer(found).parts[1].plain


def test_a_supporting_needle_of_the_readers_that_moved_is_drawn_before_what_was_bet_on(freeze: Freeze) -> None:
    drawn, _ = invent(WORLDS[Verdict.MOVED])
    bet = replace(drawn, proof="paved", headline=True, grade=Grade.A, verdict=Verdict.MOVED)
    found = findings(freeze, bet, replace(bet, needle="deployment_frequency", headline=False))
    page = proofs.proofs(found, {"paved": found.proofs["paved"]}, BRAND)
    names = [part.name for part in page.parts if isinstance(part, Figure)]
    assert names == ["before-after-paved-deployment_frequency"]


def test_levels_that_contradict_the_effect_are_no_finding_on_page_one(freeze: Freeze) -> None:
    lead = moved("change_failure_rate", 0.1, 0.2, effect=-0.05, interval=Interval(-0.08, -0.02))
    title = first(findings(freeze, lead))
    assert title.startswith("In six teams, 20% of deployments fail in production, 5 points ")
    assert "instead of" not in title
