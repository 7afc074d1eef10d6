"""The sentences of a report: EVIDENCE §4 word for word, and none clumsy for any verdict × grade × kind × direction."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from datetime import date

import pytest

from reportkit.english import lede
from reportkit.english import sentences as say
from reportkit.english.words import is_plural, percent
from reportkit.errors import ParamsError, UnknownName
from reportkit.model import unit
from reportkit.model.evidence import Evidence, Grade, Interval, Level, Verdict
from reportkit.model.kind import Ratio, Share, Stock
from reportkit.model.needle import Example, Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window
from reportkit.model.shown import Shown
from reportkit.narrative.references import fill, references
from reportkit.needles import find, library

BEFORE, AFTER = Window(date(2026, 4, 6), date(2026, 6, 29)), Window(date(2026, 7, 6), date(2026, 9, 28))
PROOF = Proof(
    name="The paved road", tried="one shared path to production", treated=("a", "b"), start=date(2026, 7, 6),
    read_out=date(2026, 9, 30), headline=("lead_time_for_changes",),
)  # fmt: skip


def needle(key, label, kind, facts):
    return Needle(key, label, "speed", "q", "e", kind, "lower", "x", Example(given=[], expect=0.0), facts)


NEEDLES = {
    "Duration": (find("lead_time_for_changes"), 14.2, 3.1),
    "Rate": (find("features_released"), 5.0, 8.0),
    "Share": (needle("failures", "Change failure rate", Share(None, None), ("deployment", "deployments")), 0.12, 0.08),
    "Ratio": (
        needle("cost", "Cost per customer", Ratio(None, None, None, unit.currency("GBP")), ("customer", "customers")),
        2.5,
        1.92,
    ),
    "Stock": (needle("open", "Open vulnerabilities", Stock(None, None), ("vulnerability", "vulnerabilities")), 120, 96),
}
LEAD = NEEDLES["Duration"][0]


def evidence(of, before, after, verdict=Verdict.MOVED, grade=Grade.B, **changes):
    ratio = of.kind.scale == "ratio"
    effect = after / before if ratio else after - before
    teams = tuple("abcdef"[: 2 if grade is Grade.C else 6])
    compared = grade is Grade.A
    base = Evidence(
        needle=of.key, proof="paved", kind=of.kind.name, better=of.better, scale=of.kind.scale,
        verdict=verdict, grade=grade, reason="", design="", headline=True,
        before=Level(before, 412, 412, len(teams), 12, BEFORE), after=Level(after, 398, 392, len(teams), 12, AFTER),
        comparison_before=Level(before * 0.8, 300, 300, 5, 12, BEFORE) if compared else None,
        comparison_after=Level(before * 0.9, 300, 300, 5, 12, AFTER) if compared else None,
        effect=effect, interval=Interval(*((effect * 0.9, effect * 1.1) if ratio else (effect - 0.01, effect + 0.01))),
        teams=teams, comparison_teams=tuple("vwxyz") if compared else (), mde=0.53 if ratio else -0.031,
    )  # fmt: skip
    return replace(base, **changes)


# ---- the sentences of EVIDENCE §4 ------------------------------------------------------------------------------------


def test_a_moved():
    e = evidence(
        LEAD, 20.4, 4.5, grade=Grade.A, effect=0.17, interval=Interval(0.10, 0.30), teams=tuple("abcde"),
        comparison_before=Level(12.3, 9, 9, 5, 12, BEFORE), comparison_after=Level(15.7, 9, 9, 5, 12, AFTER),
    )  # fmt: skip
    assert say.sentence(e, LEAD, PROOF) == (
        "Lead time for changes fell from 20.4 to 4.5 days in the five proof teams, while five comparison teams went "
        "from 12.3 to 15.7 days: 83% shorter than expected without the proof (95% CI 70–90%)."
    )


def test_b_moved():
    e = evidence(LEAD, 14.2, 3.1, interval=Interval(0.14, 0.35))
    assert say.sentence(e, LEAD, PROOF) == (
        "Lead time for changes fell from 14.2 to 3.1 days across six teams (−78%, 95% CI −86 to −65%). No teams to "
        "compare with: other changes in the same weeks cannot be ruled out."
    )


def test_grade_c_says_was_lower_and_why_that_is_all():
    reason = "two teams and no comparison: this cannot be told from their own ups and downs."
    e = evidence(LEAD, 14.2, 3.1, Verdict.NOT_SHOWN, Grade.C, reason=reason)
    assert say.sentence(e, LEAD, PROOF) == (
        "In the two proof teams lead time for changes was lower afterwards (14.2 → 3.1 days). Two teams and no "
        "comparison: this cannot be told from their own ups and downs."
    )


def test_not_shown_says_what_could_have_been_shown():
    of = find("deployment_frequency")
    e = evidence(
        of,
        4.1,
        4.6,
        Verdict.NOT_SHOWN,
        interval=Interval(0.88, 1.43),
        mde=1.47,
        reason="the interval includes no change.",
    )
    assert say.sentence(e, of, PROOF) == (
        "Deployment frequency: no change shown (4.1 → 4.6 a week, 95% CI −12 to +43%). The interval includes no "
        "change. This proof could only have shown a rise of about 47% or more."
    )


def test_got_worse():
    e = evidence(LEAD, 0.8, 1.5, Verdict.GOT_WORSE, interval=Interval(1.2, 3.0), effect=1.9)
    assert say.sentence(e, LEAD, PROOF).startswith(
        "Lead time for changes rose from 0.8 to 1.5 days across six teams (+90%, 95% CI +20 to +200%)."
    )


def test_not_enough_data_gives_the_reason_and_no_number():
    e = evidence(
        LEAD, math.nan, math.nan, Verdict.NOT_ENOUGH_DATA, reason="6 joiners since the start, 20 needed.", interval=None
    )
    assert say.sentence(e, LEAD, PROOF) == (
        "Lead time for changes: not enough data. 6 joiners since the start, 20 needed."
    )


def test_an_interim_claims_nothing():
    e = evidence(LEAD, 14.2, 3.1, Verdict.INTERIM)
    told = say.sentence(e, LEAD, PROOF)
    assert told == (
        "Lead time for changes: interim, no claim yet (14.2 → 3.1 days so far). The read-out was fixed for 30 Sep 2026."
    )
    bare = say.sentence(replace(e, before=replace(e.before, value=math.nan)), LEAD, PROOF)
    assert "(" not in bare


# ---- where words and numbers could part company ----------------------------------------------------------------------


def test_levels_that_contradict_the_effect_are_not_called_a_fall():
    e = evidence(LEAD, 10.0, 12.0, effect=0.8, interval=Interval(0.7, 0.9))
    told = say.sentence(e, LEAD, PROOF)
    assert told.startswith(
        "Lead time for changes went from 10 to 12 days across six teams; with each one's weight held fixed"
    )
    assert lede.headline(e, LEAD, PROOF, lede.Standing(12.0)) == (
        "A change takes 12 days to reach production, 20% shorter than expected without the paved road."
    )


def test_a_comparison_that_improved_more_makes_it_worse_whatever_the_levels_say():
    e = evidence(LEAD, 10.0, 8.0, Verdict.GOT_WORSE, Grade.A, effect=1.6, interval=Interval(1.2, 2.1))
    assert "8 days instead of 10" not in lede.headline(e, LEAD, PROOF, lede.Standing(8.0))
    assert "60% longer than expected without the proof" in lede.lede([(e, LEAD)], PROOF)


def test_the_statistic_that_was_tested_is_named():
    e = evidence(LEAD, 14.2, 3.1, statistic="typical")
    assert say.sentence(e, LEAD, PROOF).startswith("Typical lead time for changes fell from 14.2 to 3.1 days")


def test_the_headline_is_a_finding_only_where_it_is_causal():
    e = evidence(LEAD, 14.2, 4.1)
    assert lede.headline(e, LEAD, PROOF, lede.Standing(4.1)) == "Changes now reach production in 4 days instead of 14."
    for verdict in (Verdict.NOT_SHOWN, Verdict.INTERIM, Verdict.NOT_ENOUGH_DATA, Verdict.HELD):
        assert lede.headline(replace(e, verdict=verdict), LEAD, PROOF, lede.Standing(4.1)).startswith(
            "A change takes 4 days to reach production;"
        )
    assert "instead" not in lede.headline(replace(e, grade=Grade.C), LEAD, PROOF, lede.Standing(4.1))


def test_the_headline_says_nothing_of_evidence_on_another_needle():
    e = evidence(find("release_wait"), 10, 9, Verdict.NOT_SHOWN)
    assert lede.headline(e, LEAD, PROOF, lede.Standing(14.2)) == "A change takes 14 days to reach production."
    assert lede.headline(None, LEAD, None, lede.Standing(14.2)) == "A change takes 14 days to reach production."
    assert lede.headline(None, LEAD, None, lede.Standing(math.nan)) == "Lead time for changes: not known this quarter."


def test_a_running_proof_is_told_as_running():
    e = evidence(LEAD, 14.2, 3.1, Verdict.INTERIM, teams=("a", "b"))
    assert lede.headline(e, LEAD, PROOF, lede.Standing(14.2)).endswith(
        "; two teams are trying one shared path to production."
    )
    assert lede.headline(replace(e, teams=()), LEAD, PROOF, lede.Standing(14.2)).endswith(
        "; one shared path to production is being tried."
    )
    assert lede.lede([(e, LEAD)], PROOF).startswith(
        "Two teams have tried one shared path to production for twelve weeks so far."
    )


def test_the_lede_tells_what_moved_and_what_got_worse():
    rate = find("deployment_frequency")
    pairs = [(evidence(LEAD, 14.2, 3.1, grade=Grade.A), LEAD), (evidence(rate, 4.0, 3.0, Verdict.GOT_WORSE), rate)]
    assert lede.lede(pairs, PROOF) == (
        "Six teams tried one shared path to production for twelve weeks. Their lead time for changes fell from 14.2 to "
        "3.1 days, while five teams that carried on as before went from 11.4 to 12.8 days. One needle got worse: "
        "deployment frequency fell from 4 to 3 a week."
    )


def test_rates_are_counted_in_plain_english():
    rate = find("deployment_frequency")
    assert say.state(rate, 12.4) == "There are 12.4 deployments a week"
    assert say.state(rate, 1.0) == "Deployment frequency: 1 a week"
    assert say.state(rate, 0.0) == "There are no deployments a week"
    e = evidence(rate, 8.0, 1.0, Verdict.GOT_WORSE)
    assert lede.headline(e, rate, PROOF, lede.Standing(1.0)) == "Deployment frequency fell from 8 to 1 a week."
    e = evidence(rate, 8.0, 0.0, Verdict.GOT_WORSE)
    assert lede.headline(e, rate, PROOF, lede.Standing(0.0)) == "There are now no deployments a week instead of 8."
    e = evidence(rate, 0.1, 8.0, Verdict.MOVED)
    e = replace(e, before=replace(e.before, value=0.0))
    assert lede.headline(e, rate, PROOF, lede.Standing(8.0)) == "There are now 8 deployments a week instead of none."
    assert say.state(find("open_vulnerabilities"), 0.0).startswith("No known vulnerabilities are open")
    assert say.state(find("hosting_cost").in_currency("GBP"), 0.0) == "Hosting costs £0 a month"


@pytest.mark.parametrize(
    ("mde", "text"), [(0.01, "Not even a fall of 95% would"), (40.0, "Not even a tenfold rise would")]
)
def test_a_hopeless_proof_is_called_that(mde, text):
    e = evidence(LEAD, 14.2, 13.0, Verdict.NOT_SHOWN, interval=Interval(0.2, 5.0), mde=mde)
    assert text in say.sentence(e, LEAD, PROOF)


def test_data_that_do_not_vary_say_nothing_of_what_could_have_been_shown():
    e = evidence(LEAD, 3.0, 3.0, Verdict.NOT_SHOWN, interval=Interval(1.0, 1.0), mde=1.0)
    assert say.sentence(e, LEAD, PROOF) == "Lead time for changes: no change shown (3 → 3 days, 95% CI 0 to 0%)."


def test_grade_c_never_claims_that_an_effect_could_have_been_shown():
    e = evidence(LEAD, 14.2, 13.0, Verdict.NOT_SHOWN, Grade.C, interval=Interval(0.5, 1.5))
    assert "could only have shown" not in say.sentence(e, LEAD, PROOF)


def test_a_median_that_is_not_reached_is_said_so():
    e = evidence(LEAD, math.nan, 2.7, Verdict.NOT_ENOUGH_DATA)
    assert say.arrow(e, LEAD) == "not reached → 2.7 days"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.22, "−78%"), (1.43, "+43%"), (0.9996, "0%"), (1.0, "0%"), (0.9, "−10%"), (0.951, "−4.9%"), (0.95, "−5%"),
     (0.0, "−100%"), (0.0004, "−99.96%"), (0.000003, "−99.99%"), (13.5, f"+1{unit.THIN}250%"), (math.nan, "not known"), (1.0996, "+10%")],
)  # fmt: skip
def test_a_ratio_as_a_percentage(ratio, text):
    assert percent(ratio) == text


def test_labels_take_the_right_verb():
    plural = {n.label for n in library().values() if is_plural(n.label)}
    assert plural == {
        "User-facing features released", "Deployment days", "Manual approvals", "SLA breaches", "Outages", "Outage minutes",
        "Outages in key events", "Known vulnerabilities in production", "Endpoint vulnerabilities", "Vulnerable assets",
        "High-risk changes", "Incidents per service",
    }  # fmt: skip
    for label in ("SLA breaches", "Outages", "Incidents per service", "Open vulnerabilities", "Manual approvals"):
        assert is_plural(label)
    for label in ("Change success", "Time to production", "Error budget spent", "Availability", "Cost per customer"):
        assert not is_plural(label)


# ---- every one of them -----------------------------------------------------------------------------------------------

CLUMSY = re.compile(
    r"nan|\binf\b|None|\.\.|\s\s|a week a week|a month a month|(?<![.\d])1 (days|teams)\b|\+−|−−|--|%%| ,| \.|\(\)"
    r"|\b0 teams|proved|significant|no effect|p\s*[<=]|released was|vulnerabilities was|time for changes were"
)


def every():
    for (of, low, high), verdict, grade, up in itertools.product(NEEDLES.values(), Verdict, Grade, (False, True)):
        before, after = sorted((low, high), reverse=not up)
        e = evidence(of, before, after, verdict, grade, reason="the interval includes no change.")
        yield e, of


@pytest.mark.parametrize(
    ("e", "of"), list(every()), ids=lambda x: f"{x.verdict}-{x.grade}-{x.kind}" if isinstance(x, Evidence) else ""
)
def test_no_sentence_is_clumsy(e, of):
    texts = (
        say.sentence(e, of, PROOF), lede.headline(e, of, PROOF, lede.Standing(e.after.value)), lede.lede([(e, of)], PROOF),
        f"{say.facts_line(e, of)}.", f"{say.summary_rule(of)}", f"{say.state(of, 1.0)}.",
    )  # fmt: skip
    for text in texts:
        assert not CLUMSY.search(text), text
        assert text.endswith("."), text
        assert text[0].isupper() or text[0].isdigit(), text
    if not e.causal:
        assert not re.search(r"\b(fell|rose)\b", " ".join(texts))
    if e.grade is Grade.C:
        assert "than expected" not in " ".join(texts)


# ---- numbers in typed texts ------------------------------------------------------------------------------------------

NUMBERS = (
    Shown("paved_road.lead_time.after", "3.1 days", 3.1),
    Shown("paved_road.lead_time.before", "14.2 days", 14.2),
    Shown("paved_road.frequency.after", "8 a week", 8.0),
)


def test_references_are_filled_from_what_is_shown():
    text = "Now {lead_time.after} instead of { paved_road.lead_time.before }; {{braces}} stay, {before} is alone."
    assert fill(text, NUMBERS) == "Now 3.1 days instead of 14.2 days; {braces} stay, 14.2 days is alone."
    assert references(text) == ("lead_time.after", "paved_road.lead_time.before", "before")


def test_an_unknown_reference_suggests_the_near_one():
    with pytest.raises(
        UnknownName, match=r"params/a\.yaml:3: there is no number 'led_time\.after'; did you mean 'lead_time\.after'"
    ):
        fill("{led_time.after}", NUMBERS, where="params/a.yaml:3")


@pytest.mark.parametrize(
    ("text", "match"), [("{after}", "may mean several"), ("a { b", "lone"), ("a } b", "lone"), ("{}", "no number")]
)
def test_a_reference_that_cannot_be_meant_is_refused(text, match):
    with pytest.raises(ParamsError, match=match):
        fill(text, NUMBERS)
