"""The ledger: bets as they stood when their window opened, what became of them, and numbers that are told otherwise now."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from repositories import Repository

from reportkit import ledger
from reportkit.english import promises as say
from reportkit.errors import ParamsError
from reportkit.model.bets import Outcome, Promise
from reportkit.model.params import NeedleParams
from reportkit.needles import find
from reportkit.pack import bets
from reportkit.snapshot import take
from reportkit.workspace import Workspace

Make = Callable[..., Path]
LEAD = "lead_time_for_changes"
CUT = date(2026, 4, 1)
TIMES = ledger.Times({}, CUT)


def params(*given: dict[str, Any], owners: tuple[str, ...] = ("Platform", "Board")) -> dict[str, NeedleParams]:
    return {LEAD: NeedleParams.model_validate({"owners": owners, "bet": list(given)})}


def bet(target: float = 2.0, deadline: str = "2026-03-31", **more: Any) -> dict[str, Any]:
    return {"target": target, "deadline": deadline, **more}


def text(*given: dict[str, Any]) -> str:
    """needles.yaml with these bets (JSON is YAML)."""
    return json.dumps({LEAD: {"owners": ["Platform", "Board"], "bet": list(given)}}) + "\n"


def committed(root: Path, *versions: tuple[str, str]) -> None:
    repository = Repository.make(root)
    for day, content in versions:
        (root / "params").mkdir(exist_ok=True)
        (root / "params" / "needles.yaml").write_text(content, encoding="utf-8")
        repository.git("add", "params")
        repository.commit("needles", f"{day}T12:00:00+00:00")


def recorded(root: Path, quarter: str, value: float | None = None, *given: dict[str, Any], **more: Any) -> None:
    folder = root / "reports" / quarter
    folder.mkdir(parents=True)
    start, end = {"2025-Q4": ("2025-10-01", "2026-01-01"), "2026-Q1": ("2026-01-01", "2026-04-01")}[quarter]
    number = {"id": f"{LEAD}.{start}/{end}", "text": f"{value} days", "value": value}
    entry = {"title": "Board", "headline": "", "numbers": [number] if value is not None else []}
    whole = {"bets": {LEAD: {"owners": ["Platform"], "bet": list(given)}} if given else {}, "reports": {"board": entry}}
    (folder / "record.json").write_text(json.dumps({**whole, **more}), encoding="utf-8")


def only(root: Path, now: dict[str, NeedleParams], times: ledger.Times = TIMES) -> Promise:
    (found,) = ledger.promises(root, now, times)
    return found


def test_a_bet_by_the_params_alone(tmp_path: Path) -> None:
    found = only(tmp_path, params(bet(written="2025-11-20")))
    assert (found.target, found.direction, found.written, found.source) == (2.0, "lower", date(2025, 11, 20), "params")
    assert found.opens == date(2026, 1, 1)  # the quarter after it was written
    assert found.owners == ("Platform", "Board")
    assert found.changed == ""


def test_its_window_opens_with_a_proof_where_that_is_earlier(tmp_path: Path, workspace: Make) -> None:
    place = Workspace.find(workspace())
    times = place.times("2026-Q1")  # its proof starts on 29 December 2025
    assert only(tmp_path, params(bet(written="2025-11-20")), times).opens == date(2025, 12, 29)
    assert only(tmp_path, params(bet(written="2026-01-20")), times).opens == date(
        2026, 1, 20
    )  # nothing later to wait for
    assert only(tmp_path, params(bet(opens="2026-02-01")), times).opens == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("value", "today", "outcome"),
    [
        (2.0, date(2026, 4, 1), Outcome.HIT),
        (2.1, date(2026, 4, 1), Outcome.MISSED),
        (1.0, date(2026, 3, 31), Outcome.TOO_EARLY),  # the last day is not over
        (math.nan, date(2026, 4, 1), Outcome.NO_NUMBER),
        (math.nan, date(2026, 1, 1), Outcome.TOO_EARLY),
    ],
)
def test_what_becomes_of_a_bet(tmp_path: Path, value: float, today: date, outcome: Outcome) -> None:
    assert only(tmp_path, params(bet())).outcome(value, today) is outcome


def test_a_bet_against_the_needles_own_direction(tmp_path: Path) -> None:
    assert only(tmp_path, params(bet(direction="higher"))).outcome(2.1, CUT) is Outcome.HIT


def test_a_target_changed_after_the_window_opened_is_marked_and_judged_as_it_stood(tmp_path: Path) -> None:
    first, then = bet(2.0, written="2025-11-20"), bet(5.0, written="2025-11-20")
    committed(tmp_path, ("2025-10-01", "{}"), ("2025-11-21", text(first)), ("2026-02-03", text(then)))
    found = only(tmp_path, params(then))
    assert found.target == 2.0
    assert (found.written, found.source) == (date(2025, 11, 21), "git")
    assert found.changed == (
        "Changed on 3 Feb 2026, after its window opened on 1 Jan 2026: the target from 2 days to 5 days. "
        "It is judged as it stood."
    )
    assert found.outcome(4.0, CUT) is Outcome.MISSED


def test_a_change_before_the_window_opened_is_none(tmp_path: Path) -> None:
    committed(tmp_path, ("2025-10-01", text(bet(9.0))), ("2025-12-20", text(bet(2.0))))
    found = only(tmp_path, params(bet(2.0)))
    assert (found.target, found.changed) == (2.0, "")


def test_a_moved_deadline_is_the_same_bet_where_it_was_written_on_the_same_day(tmp_path: Path) -> None:
    first, then = bet(written="2025-11-20"), bet(deadline="2026-06-30", written="2025-11-20")
    committed(tmp_path, ("2025-11-21", text(first)))
    found = only(tmp_path, params(then))
    assert found.deadline == date(2026, 3, 31)
    assert found.changed.startswith(
        "Changed and not committed, after its window opened on 1 Jan 2026: the deadline from"
    )


def test_a_bet_that_git_first_saw_after_its_window_had_opened_says_so(tmp_path: Path) -> None:
    late = bet(written="2025-11-20")
    committed(tmp_path, ("2025-10-01", "{}"), ("2026-03-03", text(late)))
    found = only(tmp_path, params(late))
    assert found.written == date(2026, 3, 3)
    assert found.changed == "Committed on 3 Mar 2026, after its window opened on 1 Jan 2026."


def test_git_that_began_after_the_window_had_opened_knows_nothing_of_it(tmp_path: Path) -> None:
    committed(
        tmp_path, ("2026-03-01", text(bet(9.0, written="2025-11-20"))), ("2026-03-02", text(bet(written="2025-11-20")))
    )
    found = only(tmp_path, params(bet(written="2025-11-20")))
    assert (found.written, found.source, found.changed) == (date(2025, 11, 20), "params", "")


def test_a_record_of_an_earlier_quarter_knows_it_without_git(tmp_path: Path) -> None:
    recorded(tmp_path, "2025-Q4", None, bet(2.0, written="2025-11-20"))
    found = only(tmp_path, params(bet(5.0, written="2025-11-20")))
    assert found.target == 2.0
    assert "since it was reported in 2025-Q4" in found.changed


def test_a_bet_taken_out_before_it_was_due_stays_in_the_ledger(tmp_path: Path) -> None:
    committed(tmp_path, ("2025-11-21", text(bet(written="2025-11-20"))), ("2026-02-01", "{}"))
    found = only(tmp_path, {})
    assert found.changed == (
        "Taken out by 1 Feb 2026, after its window opened on 1 Jan 2026 and before it was due on 31 Mar 2026; it counts."
    )


def test_a_bet_taken_back_before_its_window_opened_is_none_and_one_that_was_over_may_go(tmp_path: Path) -> None:
    committed(tmp_path, ("2025-11-21", text(bet(written="2025-11-20"))), ("2025-12-05", "{}"))
    assert ledger.promises(tmp_path, {}, TIMES) == ()
    over = tmp_path / "over"
    committed(over, ("2025-05-01", text(bet(deadline="2025-12-31", written="2025-05-01"))), ("2026-01-15", "{}"))
    assert only(over, {}).changed == ""


def test_several_bets_of_a_needle_are_told_apart_by_their_deadlines(tmp_path: Path) -> None:
    found = ledger.promises(tmp_path, params(bet(3.0, "2025-12-31"), bet(2.0)), TIMES)
    assert [(p.target, p.deadline) for p in found] == [(3.0, date(2025, 12, 31)), (2.0, date(2026, 3, 31))]


def test_a_share_may_be_written_in_per_cent(tmp_path: Path) -> None:
    entry = {"slo_attainment": NeedleParams.model_validate({"bet": bet(95)})}
    assert only(tmp_path, entry).target == 0.95


def test_a_bet_written_after_its_deadline_is_refused(workspace: Make) -> None:
    root = workspace({"needles.yaml": f"{LEAD}:\n  bet: {{target: 2, deadline: 2026-03-31, written: 2026-05-01}}\n"})
    with pytest.raises(ParamsError, match=r"needles\.yaml:2.*written on 2026-05-01, after its deadline"):
        Workspace.find(root)


def test_the_share_of_targets_hit_leaves_no_miss_out() -> None:
    hit, missed, early, blind = Outcome.HIT, Outcome.MISSED, Outcome.TOO_EARLY, Outcome.NO_NUMBER
    assert say.share([]) == "No bet is written down."
    assert say.share([early]) == "No bet has come due; 1 bet is not due yet."
    assert say.share([hit]) == "The one bet that came due was hit (100%)."
    assert say.share([missed]) == "The one bet that came due was not hit (0%)."
    assert (
        say.share([hit, hit, missed, early, early])
        == "2 of the 3 bets that came due were hit (67%); 2 bets are not due yet."
    )
    assert say.share([hit, blind]).endswith(
        "was hit (50%); 1 of them has no number to be judged by, and count as not hit."
    )


# ---- in a workspace --------------------------------------------------------------------------------------------------

BET = f"{LEAD}:\n  owners: [Platform, Board]\n  bet:\n"
DUE = "    - {target: 2, deadline: 2026-03-31, written: 2025-11-20}\n"
LATER = "    - {target: 9, deadline: 2026-06-30, written: 2025-12-01}\n"
NEW = "    - {target: 1, deadline: 2026-09-30, written: 2026-02-01}\n"


def opened(root: Path) -> Any:
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), root)
    return place.report("executives", "2026-Q1")


def test_a_report_shows_the_bets_of_last_quarter_and_what_became_of_them(workspace: Make) -> None:
    report = opened(workspace({"needles.yaml": BET + DUE + LATER + NEW}))
    page = report.promised()
    now = report.history(LEAD)["value"].iloc[-1]
    assert now == pytest.approx(3.0)  # by hand: 2, 3 and 4 days in turn, one a day and team
    plain = page.plain
    assert "missed. At most 2 days promised by 31 Mar 2026; 3 days in the quarter of the deadline." in plain
    assert "too early. At most 9 days promised by 30 Jun 2026; 3 days so far." in plain
    assert "30 Sep 2026" not in plain  # written in the quarter itself
    assert "The one bet that came due was not hit (0%); 1 bet is not due yet." in plain
    assert {shown.text for shown in page.record} == {"3 days", "≤ 2 d", "≤ 9 d"}
    assert "What we promised last quarter" in plain


def test_nothing_was_promised(workspace: Make) -> None:
    report = opened(workspace())
    assert report.promised().parts == ()
    assert "Restated" not in report.needles().plain


def test_the_target_in_the_table_is_the_next_one_due(workspace: Make) -> None:
    report = opened(workspace({"needles.yaml": BET + DUE + LATER}))
    assert "≤ 2 d" in report.needles().parts[1].html


def test_a_number_that_was_told_otherwise_is_restated_with_the_reason(workspace: Make) -> None:
    root = workspace()
    place = Workspace.find(root)
    recorded(root, "2025-Q4", 4.5, definitions=place.definitions)
    assert (
        "Restated. Lead time for changes in Q4 2025 was reported as 4.5 days and is 3 days now: facts came late or were corrected."
        in opened(root).needles().plain
    )
    changed = {name: {**hashes, "definition": "another"} for name, hashes in place.definitions.items()}
    path = root / "reports" / "2025-Q4" / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "definitions": changed}), encoding="utf-8")
    page = place.report("executives", "2026-Q1").needles()
    assert "its definition, or a rule that it obeys, was changed since" in page.plain
    assert f"{LEAD}.2025-Q4.as_reported" in {shown.id for shown in page.record}


def test_a_definition_is_hashed_with_its_rules_and_mapping_apart(workspace: Make) -> None:
    one = Workspace.find(workspace()).definitions
    assert set(one) == {LEAD, "release_wait"}
    two = Workspace.find(workspace({"organisation.yaml": "name: Sample\ndora: {median: censored}\n"})).definitions
    assert two[LEAD]["definition"] != one[LEAD]["definition"]
    assert two[LEAD]["mapping"] == one[LEAD]["mapping"]
    three = Workspace.find(workspace({"sources.yaml": {"released": "coalesce(released)"}})).definitions
    assert three[LEAD]["definition"] == one[LEAD]["definition"]
    assert three[LEAD]["mapping"] != one[LEAD]["mapping"]


def test_a_record_keeps_binding_bets_as_it_first_wrote_them(tmp_path: Path) -> None:
    recorded(tmp_path, "2026-Q1", None, bet(2.0, written="2025-11-20"), bet(7.0, "2026-12-31", written="2026-03-20"))
    path = tmp_path / "reports" / "2026-Q1" / "record.json"
    now = params(bet(5.0, written="2025-11-20"), bet(8.0, "2026-12-31", written="2026-03-20"))
    kept = ledger.declared(now, TIMES, path)[LEAD]["bet"]
    assert [(b["target"], b["deadline"]) for b in kept] == [(2.0, "2026-03-31"), (8.0, "2026-12-31")]


def test_the_ledger_judges_by_records(workspace: Make) -> None:
    root = workspace({"needles.yaml": BET + DUE + LATER})
    recorded(root, "2026-Q1", 1.9)
    entries, share = bets.entries(Workspace.find(root))
    assert [e.outcome for e in entries] == [Outcome.HIT, Outcome.TOO_EARLY]
    assert entries[0].cells == (LEAD, "≤ 2 d", "31 Mar 2026", "20 Nov 2025", "1.9 days", "hit", "Platform, Board")
    assert share == "The one bet that came due was hit (100%); 1 bet is not due yet."


def test_the_ledger_without_records(workspace: Make) -> None:
    entries, share = bets.entries(Workspace.find(workspace({"needles.yaml": BET + DUE})))
    assert [e.outcome for e in entries] == [Outcome.TOO_EARLY]
    assert share == "No bet has come due; 1 bet is not due yet."
    assert find(LEAD).label
