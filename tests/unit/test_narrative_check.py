"""The narrative check: what a text may not say, with its place and the mend; and numbers in texts filled in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from reportkit.check import whole as check
from reportkit.errors import NotebookError, ParamsError
from reportkit.model.params import Audience
from reportkit.model.period import Quarter
from reportkit.narrative.check import Claim, Ground, read, too_many
from reportkit.narrative.ground import of_record
from reportkit.needles import library
from reportkit.pack import story
from reportkit.snapshot import take
from reportkit.workspace import Workspace

Make = Callable[..., Path]
LEAD, WAIT = "lead_time_for_changes", "release_wait"
GROUND = Ground(
    claims={
        LEAD: Claim("lead time for changes", "moved", fell=True, better="lower"),
        "availability": Claim("availability", "got worse", fell=True, better="higher"),
        "features_released": Claim("user-facing features released", "not shown", better="higher"),
    },
    declared=frozenset({"6 days", "30%"}),
    solutions=("The paved road", "one shared path to production"),
)


def rules(text: str, kind: Any = "text", *, early: bool = False) -> list[str]:
    return [finding.rule for finding in read(text, kind, GROUND, early=early)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A change takes 14 days.", 1),
        ("A change takes {lead_time_for_changes.before}.", 0),
        ("95% of change requests carry it.", 1),
        ("There are 35 of them in production.", 1),
        ("It cost £12k a month.", 1),
        ("Target: 6 days, with a margin of 30 per cent.", 0),  # declared beforehand
        ("On 31 December 2026 we stop; Q4 is the last quarter, and 2026-10-01 the day.", 0),
        ("Log4j2, S3, v1.2 and ISO 27001 are names.", 0),
        ("We watched for 13 weeks and over the next 2 quarters.", 0),
        ("`SELECT 42`, [a link](https://example.org/7) and https://example.org/8", 0),
        ("## Things\n\n1. first\n2. second", 0),
        ("Two engineers for three weeks.", 0),
    ],
)
def test_a_number_that_is_typed(text: str, found: int) -> None:
    assert rules(text).count("bare_number") == found


def test_in_an_ask_one_may_ask_for_a_number_of_people_but_not_state_a_measurement() -> None:
    assert rules("funding for 12 more teams and 2 engineers", "ask") == []
    assert rules("now that it takes 4 days instead of 14 days", "ask") == ["bare_number", "bare_number"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lead time for changes fell.", 0),
        ("Lead time for changes rose.", 1),  # it fell
        ("Delivery is faster.", 0),  # something moved for the better
        ("Delivery is slower.", 0),  # something got worse
        ("Availability is better than before.", 1),
        ("Availability fell.", 0),
        ("User-facing features released increased.", 1),  # not shown
        ("{features_released.after} features: more than it was, and higher than ever.", 1),
        ("If lead time for changes rose, we would stop.", 0),  # only supposed
        ("We want fewer user-facing features released late.", 0),
        ("Nothing is said here.", 0),
    ],
)
def test_a_direction_that_the_evidence_does_not_carry(text: str, found: int) -> None:
    assert rules(text).count("direction") == found


def test_directions_are_not_judged_before_anything_is_known_and_a_reader_may_feel_what_they_feel() -> None:
    assert read("Features rose.", "text", Ground(judged=False)) == []
    assert rules("Everything got slower.", "problem") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("We rolled out Backstage to everybody.", "We rolled out"),
        ("Teams do not use Kubernetes enough.", "Kubernetes"),
        ("They lack one shared path to production.", "one shared path to production"),
        ("Our new portal is not adopted.", "Our new portal"),
    ],
)
def test_a_solution_before_the_problem(text: str, what: str) -> None:
    (found,) = [f for f in read(text, "problem", GROUND, early=True) if f.rule == "solution_first"]
    assert repr(what) in found.text
    assert "solution_first" not in rules(text)  # later it may be told


@pytest.mark.parametrize(
    "text",
    [
        "This quarter we shipped templates, a portal, golden images and dashboards.",
        "- launched a portal\n- built templates\n- added dashboards\n- automated tickets",
        "It runs on Kubernetes with Terraform and Istio.",
    ],
)
def test_a_feature_dump(text: str) -> None:
    assert "feature_dump" in rules(text)


def test_what_is_no_feature_dump() -> None:
    assert rules("One shared path to production, built on Kubernetes, and nothing else.") == []


def test_seven_supporting_needles_are_the_most() -> None:
    assert list(too_many(7)) == []
    assert "8 supporting needles, 7 at most" in next(too_many(8)).text


def test_what_a_record_carries() -> None:
    numbers = [
        {"id": "p.lead_time_for_changes.after", "needle": LEAD, "verdict": "moved", "value": 4.0, "unit": "days"},
        {"id": "p.lead_time_for_changes.effect", "needle": LEAD, "verdict": "moved", "value": 0.3, "unit": "ratio"},
        {"id": "p.release_wait.effect", "needle": WAIT, "verdict": "not shown", "value": 0.3, "unit": "ratio"},
        {"id": "release_wait.2026-01-01/2026-04-01", "needle": WAIT, "value": 1.0},
    ]
    claims = of_record(numbers, library())
    assert claims[LEAD].carries("fell")
    assert claims[LEAD].carries("good")
    assert not claims[LEAD].carries("rose")
    assert not claims[WAIT].carries("fell")


# ---- in a workspace --------------------------------------------------------------------------------------------------

BET = f"{LEAD}:\n  owners: [Platform, Board]\n  bet: {{target: 2, deadline: 2026-12-31, written: 2025-11-20}}\n"


def asking(text: str, needle: str | None = LEAD) -> str:
    ask = json.dumps({"text": text, **({"needle": needle} if needle else {})})
    return f"audiences: [executives]\nproofs: [paved_road]\nasks:\n  executives: {ask}\n"


def told(root: Path) -> list[str]:
    return [str(fault) for fault in check.faults(root)]


def test_check_names_file_line_and_mend(workspace: Make) -> None:
    root = workspace(
        {
            "needles.yaml": BET,
            "audiences.yaml": {"Delivery is too slow.": "We rolled out Backstage, and 95% do not use it."},
            "2026-Q1.yaml": asking("money, for a change takes 14 days"),
        }
    )
    assert told(root) == [
        "params/audiences.yaml:3: '95%' is typed, so nothing keeps it true; refer to it, such as {lead_time_for_changes.after} (bare_number).",
        "params/audiences.yaml:3: 'We rolled out' is our solution, and the reader has not been told their problem yet; begin with that (solution_first).",
        "params/2026-Q1.yaml:4: '14 days' is typed, so nothing keeps it true; refer to it, such as {lead_time_for_changes.after} (bare_number).",
    ]


def test_an_ask_without_a_bet(workspace: Make) -> None:
    root = workspace({"needles.yaml": BET, "2026-Q1.yaml": asking("money", None)})
    assert "name the `needle` that it is to move" in told(root)[0]
    root = workspace({"needles.yaml": "{}", "2026-Q1.yaml": asking("money")})
    assert told(root) == [
        (
            "params/2026-Q1.yaml:4: nothing is bet on lead_time_for_changes; write its `bet` with target and deadline in "
            "needles.yaml, before asking (ask_without_bet)."
        )
    ]


def test_a_finding_is_waived_by_name_with_a_reason(workspace: Make) -> None:
    waived = "notebook: board.ipynb\n  waive: {ask_without_bet: The first quarter.}"
    root = workspace({"2026-Q1.yaml": asking("money"), "audiences.yaml": {"notebook: board.ipynb": waived}})
    assert told(root) == []
    wrong = waived.replace("ask_without_bet", "ask_with_bet")
    root = workspace({"2026-Q1.yaml": asking("money"), "audiences.yaml": {"notebook: board.ipynb": wrong}})
    assert "params/audiences.yaml:8" in told(root)[0]


def test_a_reference_that_can_name_no_number(workspace: Make) -> None:
    root = workspace({"needles.yaml": BET, "2026-Q1.yaml": asking("money: {lead_time_for_change.after}")})
    assert "did you mean 'lead_time_for_changes.after'?" in told(root)[0]


def test_more_than_one_primary_needle_and_too_many_supporting(workspace: Make) -> None:
    root = workspace(
        {"audiences.yaml": {"primary: lead_time_for_changes": "primary: [lead_time_for_changes, release_wait]"}}
    )
    assert told(root) == [
        "params/audiences.yaml:5: executives.primary: a report has one primary needle; keep the one that the reader would name first."
    ]
    eight = ", ".join(["release_wait"] * 8)
    root = workspace({"audiences.yaml": {"[release_wait]": f"[{eight}]"}})
    assert "8 supporting needles, 7 at most" in told(root)[0]


def test_a_use_case_hangs_on_the_audiences_own_needles(workspace: Make) -> None:
    case = "supporting: [release_wait]\n  use_case: {name: Selling online, components: {Checkout: [%s]}}"
    root = workspace({"audiences.yaml": {"supporting: [release_wait]": case % "release_wait"}})
    assert told(root) == []
    assert "one business use case, selling online. Checkout: release wait." in opened(root).needles().plain
    root = workspace({"audiences.yaml": {"supporting: [release_wait]": case % "availability"}})
    assert "use_case names availability, which is neither primary nor supporting" in told(root)[0]


def opened(root: Path) -> Any:
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), root)
    return place.report("executives", "2026-Q1")


def test_numbers_in_an_ask_are_filled_in_and_recorded(workspace: Make) -> None:
    text = "money: {lead_time_for_changes.now} now, {lead_time_for_changes.last_quarter} before, {lead_time_for_changes.target} promised"
    page = opened(workspace({"needles.yaml": BET, "2026-Q1.yaml": asking(text)})).ask()
    assert "We ask for: money: 3 days now, 3 days before, 2 days promised" in page.plain
    assert {shown.id for shown in page.record} == {
        "ask.executives",
        *(f"{LEAD}.{tail}" for tail in ("now", "last_quarter", "target")),
    }
    assert {shown.text for shown in page.record if shown.id == "ask.executives"} == {
        "money: 3 days now, 3 days before, 2 days promised"
    }


def test_a_finding_in_an_ask_stops_the_report_with_its_place_and_the_way_to_waive_it(workspace: Make) -> None:
    report = opened(workspace({"needles.yaml": BET, "2026-Q1.yaml": asking("money, for delivery got faster")}))
    with pytest.raises(
        ParamsError,
        match=r"params/2026-Q1\.yaml:4: 'faster' is more than the evidence carries.*waive: \{direction: why\}",
    ):
        report.answer()
    with pytest.raises(ParamsError):
        report.ask()


def test_a_finding_in_the_problem_that_heads_a_report_stops_it_as_well(workspace: Make) -> None:
    problem = "problem: Since we launched Backstage the board waits."
    root = workspace({"audiences.yaml": {"problem: Delivery is too slow.": problem}})
    report = opened(root)
    for section in (report.answer, report.problem):
        with pytest.raises(
            ParamsError, match=r"params/audiences\.yaml:\d+: 'we launched' .*waive: \{solution_first: why\}"
        ):
            section()
    waived = f"{problem}\n  waive: {{solution_first: They said so.}}"
    opened(workspace({"audiences.yaml": {"problem: Delivery is too slow.": waived}})).problem()


def test_findings_in_markdown_are_told_by_cell_and_stop_nothing(workspace: Make) -> None:
    root = workspace()
    path = root / "notebooks" / "board.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [
        nbformat.v4.new_markdown_cell("We rolled out a portal.", id="one"),
        nbformat.v4.new_code_cell("report.problem()", id="two"),
    ]
    notebook.cells += [nbformat.v4.new_markdown_cell("We rolled out a portal. It took 4 days.", id="three")]
    nbformat.write(notebook, path)
    assert told(root) == []
    found = [str(a) for a in check.advice(root) if "notebooks/" in str(a)]
    assert [text.split(": ")[:2] for text in found] == [
        ["notebooks/board.ipynb", "cell 2 ('We rolled out a portal.')"],
        ["notebooks/board.ipynb", "cell 4 ('We rolled out a portal. It took 4 days.')"],
    ]
    assert "(solution_first)" in found[0]
    assert "(bare_number)" in found[1]


NUMBERS = {
    "lead_time_for_changes.2026-01-01/2026-04-01": {"needle": LEAD, "text": "4 days"},
    "lead_time_for_changes.2025-10-01/2026-01-01": {"needle": LEAD, "text": "14 days"},
    "road.lead_time_for_changes.after": {"needle": LEAD, "text": "3 days"},
}


def markdown(text: str) -> Any:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def test_references_in_markdown_are_filled_in_and_other_braces_stay() -> None:
    text = "{lead_time_for_changes.now} from {lead_time_for_changes.last_quarter}, {lead_time_for_changes.after} there; $\\frac{a.b}{c}$, {{x.y}} and {plain}"
    made = story.filled(markdown(text), NUMBERS, Quarter.parse("2026-Q1"), "executives")
    assert made.cells[0].source == "4 days from 14 days, 3 days there; $\\frac{a.b}{c}$, {{x.y}} and {plain}"


def test_a_reference_in_markdown_that_the_report_does_not_show() -> None:
    with pytest.raises(
        NotebookError, match=r"executives\.ipynb, cell 1: there is no number 'lead_time\.now'; did you mean"
    ):
        story.filled(markdown("{lead_time.now}"), NUMBERS, Quarter.parse("2026-Q1"), "executives")


def test_an_audience_model_needs_a_reason_for_each_waiver() -> None:
    entry = {"title": "A", "problem": "B.", "quantified_by": LEAD, "primary": LEAD, "waive": {"direction": "Because."}}
    assert Audience.model_validate(entry).waive == {"direction": "Because."}
